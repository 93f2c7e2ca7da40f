// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/check/comparison/comparison.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/report/comparison/comparison.hpp"

namespace lab::cli {
namespace {

struct CompareOptions {
  std::string a, b, scenario, store, format = "table", output;
  double alpha = 0.05;
};

std::string render_comparisons(const CompareOptions& options,
                               const std::vector<check::Comparison>& comparisons) {
  if (options.format == "json") return report::comparison_json(comparisons);
  if (options.format == "csv") return report::comparison_csv(comparisons);
  return report::comparison_table(comparisons, style_for(options.output));
}

void say_alone(const std::vector<const check::Cell*>& cells, const char* side) {
  for (const check::Cell* cell : cells)
    say("lab: only in " + std::string(side) + ": " + report::printable(cell->name) + "\n");
}

bool is_changed_reason(const check::Row& row) {
  return row.kind == check::Row::Kind::reason && row.differs;
}

// Names the causes of reasons that differ, where both sides' trials are in a store and have causes.
void name_causes(const CompareOptions& options, const check::Pairs& pairs,
                 std::vector<check::Comparison>& comparisons) {
  const std::string a = find_store(options.store, options.a),
                    b = find_store(options.store, options.b);
  if (!std::filesystem::exists(a) || !std::filesystem::exists(b)) return;  // baselines alone
  const store::Store store_a(a, store::Store::Mode::read_only),
      store_b(b, store::Store::Mode::read_only);
  for (std::size_t i = 0; i < comparisons.size(); ++i)
    if (std::ranges::any_of(comparisons[i].rows, is_changed_reason))
      check::name_causes(comparisons[i], some_records(store_a, *pairs.pairs[i].a),
                         some_records(store_b, *pairs.pairs[i].b));
}

int compare(const CompareOptions& options) {
  const auto a = select_cells(options.store, options.a, options.scenario);
  const auto b = select_cells(options.store, options.b, options.scenario);
  const check::Pairs pairs = check::pair_up(a, b);
  say_alone(pairs.only_a, "a");
  say_alone(pairs.only_b, "b");
  if (pairs.pairs.empty()) {
    say("lab: error: nothing in a and b belongs together: no cell of the same name and scenario\n");
    return base::exit_no_data;
  }
  std::vector<check::Comparison> comparisons = check::compare_all(pairs, options.alpha);
  name_causes(options, pairs, comparisons);
  write_output(options.output, render_comparisons(options, comparisons));
  return base::exit_ok;
}

}  // namespace

void add_compare(const Command& app) {
  const auto options = std::make_shared<CompareOptions>();
  const Command command = app.add_subcommand(
      "compare",
      std::string("Two sets of recorded trials side by side; each is ") + selection_help);
  command.add_option("a", options->a, "Before").required();
  command.add_option("b", options->b, "After").required();
  command.add_option("--scenario", options->scenario, "Only this scenario's");
  command.add_number("--alpha", options->alpha, "Of showing a difference where there is none", 1e-6,
                     0.5);
  command.add_option("--store", options->store, "The store's file");
  command.add_option("--format", options->format, "table, json or csv")
      .one_of({"table", "json", "csv"})
      .shows_default();
  add_output(command, options->output);
  command.runs([options] { return compare(*options); });
}

}  // namespace lab::cli
