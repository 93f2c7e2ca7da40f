// SPDX-License-Identifier: MIT
// What the patch costs, in one boot of one outer VM, so that its figures can be compared.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/run_folder.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/progress.hpp"
#include "orchestrator/site/follow.hpp"
#include "orchestrator/site/nested.hpp"
#include "orchestrator/site/provide.hpp"

namespace lab::cli {
namespace {

using nlohmann::json;

constexpr double time_limit = 1800;  // seconds, of the outer VM
constexpr const char* unit = "instructions an exit (TCG -icount shift=0), not cycles";

struct Options {
  std::uint64_t exits = 100'000;
  unsigned repeats = 5;
  std::string kernel, format = "table", output;
};

struct Row {
  std::string variant, why;
  std::vector<double> samples;  // instructions an exit; empty: not measured, see why
};

std::optional<double> median(std::vector<double> samples) {
  if (samples.empty()) return std::nullopt;
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::ranges::nth_element(samples, middle);
  return *middle;
}

// The row that a line of `lab vmm overhead` is; nullopt for a line that is none.
std::optional<Row> row_of(const json& line) {
  if (line.contains("error"))
    throw base::infrastructure_error("in the outer VM: " + line.value("error", ""));
  if (!line.contains("variant")) return std::nullopt;
  return Row{.variant = line.value("variant", ""),
             .why = line.value("why", ""),
             .samples = line.value("ticks", std::vector<double>{})};
}

guest::DomainSpec lay_out(const site::Outer& outer, const base::RunFolder& run,
                          const Options& options) {
  const site::Job job{.site = "svm", .emulated = true, .modules = outer.modules};
  const std::string start = fmt::format(
      "exec /run/lab/job/lab vmm overhead --exits {} --repeats {} "
      ">/dev/lab/stream",
      options.exits, options.repeats);
  guest::DomainSpec spec =
      site::lay_out_outer(site::OuterKind::svm, outer.image, job, "lab-outer-" + run.id(),
                          run.path(), run.sockets(), start);
  spec.vcpus = 1;
  spec.count_instructions = true;
  return spec;
}

std::vector<Row> measure(const site::Outer& outer, const Options& options,
                         const base::Folders& folders, Progress& progress) {
  const base::RunFolder run(folders);
  const guest::DomainSpec spec = lay_out(outer, run, options);
  progress.phase("", "outer VM, counting instructions");
  const auto machine = site::start_outer(site::OuterKind::svm, outer.image, spec, run.path());
  std::vector<Row> rows;
  site::follow(*machine, {.silence = time_limit, .whole = time_limit},
               [&](const std::string& text) {
                 const json line = json::parse(text, nullptr, false);
                 if (!line.is_object())
                   throw base::infrastructure_error("the outer VM said '" + text + "'");
                 if (const auto row = row_of(line)) {
                   rows.push_back(*row);
                   progress.phase("", "measured: " + row->variant);
                 }
                 return line.contains("end");
               });
  return rows;
}

std::string table_of(const std::vector<Row>& rows, const site::Outer& outer) {
  std::string text = fmt::format("kernel {}, {}\n\n{:<42}{:>12}{:>10}{:>9}  {}\n", outer.release,
                                 unit, "variant", "instr/exit", "Δ", "Δ %", "least … most");
  const std::optional<double> stock = median(rows.front().samples);
  for (const Row& row : rows) {
    const std::optional<double> value = median(row.samples);
    if (!value) {
      text += fmt::format("{:<42}{:>12}  {}\n", row.variant, "–", row.why);
      continue;
    }
    const auto [least, most] = std::ranges::minmax_element(row.samples);
    text += fmt::format("{:<42}{:>12.1f}", row.variant, *value);
    text += stock ? fmt::format("{:>+10.1f}{:>+9.2f}", *value - *stock,
                                100 * (*value - *stock) / *stock)
                  : fmt::format("{:>10}{:>9}", "", "");
    text += fmt::format("  {:.1f} … {:.1f}\n", *least, *most);
  }
  return text;
}

std::string json_of(const std::vector<Row>& rows, const site::Outer& outer,
                    const Options& options) {
  json document{{"schema", 1},
                {"benchmark", "overhead"},
                {"unit", unit},
                {"kernel", outer.release},
                {"modules", outer.modules.filename().string()},
                {"exits", options.exits}};
  const std::optional<double> stock = median(rows.front().samples);
  for (const Row& row : rows) {
    json entry{{"variant", row.variant}, {"samples", row.samples}};
    const std::optional<double> value = median(row.samples);
    if (value) entry["instructions"] = *value;
    if (value && stock) entry["delta"] = *value - *stock;
    if (!row.why.empty()) entry["why_not"] = row.why;
    document["variants"].push_back(entry);
  }
  return document.dump(1) + "\n";
}

int overhead(const Options& options) {
  const base::Folders folders = base::find_folders();
  Progress progress(Progress::fitting());
  const trial::Sink sink = [&](const trial::Event& event) { progress(event); };
  const site::Outer outer = site::provide_outer(folders, sink, options.kernel);
  const std::vector<Row> rows = measure(outer, options, folders, progress);
  progress.clear();
  if (rows.empty()) throw base::infrastructure_error("the outer VM measured nothing");
  write_output(options.output,
               options.format == "json" ? json_of(rows, outer, options) : table_of(rows, outer));
  return base::exit_ok;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bench", "What the exit counts and lab itself cost");
  command->require_subcommand(1);
  add_bench_load(*command, action);
  add_bench_run(*command, action);
  CLI::App* overhead_command = command->add_subcommand(
      "overhead", "Instructions an exit: stock modules, patched ones, tracing (minutes)");
  overhead_command->add_option("--kernel", options->kernel,
                               "The outer VM's: a release, a series such as 6.12, or a suite");
  overhead_command->add_option("--exits", options->exits, "CPUIDs a run")->capture_default_str();
  overhead_command->add_option("--repeats", options->repeats, "Runs a variant")
      ->capture_default_str();
  add_bench_output(*overhead_command, options->format, options->output);
  overhead_command->callback(
      [&action, options] { action = [options] { return overhead(*options); }; });
}

}  // namespace lab::cli
