// SPDX-License-Identifier: MIT
// Simulates how often the gate finds a change of each size; needs no machine and no store.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/check/simulation/power.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::cli {
namespace {

using nlohmann::ordered_json;

constexpr double spreads[] = {0.02, 0.05, 0.1, 0.25};
constexpr double changes[] = {0, 0.05, 0.1, 0.2, 0.3, 0.5, 1};

struct PowerOptions {
  std::size_t baseline = 16, trials = 0, times = 300;
  std::size_t runs = check::Made().baseline_runs, run_reasons = 0;
  double run_spread = 0, some = 1;
  std::string format = "table", output;
};

struct PowerRow {
  check::Made made;
  check::Rates rates;
};

std::vector<PowerRow> simulate(const PowerOptions& options) {
  std::vector<PowerRow> rows;
  for (const double spread : spreads)
    for (const double change : changes) {
      const check::Made made{.spread = spread,
                             .run_spread = options.run_spread,
                             .run_reasons = options.run_reasons,
                             .baseline_runs = options.runs,
                             .baseline = options.baseline,
                             .trials = options.trials,
                             .change = change,
                             .share_of_trials = options.some};
      rows.push_back({made, check::power(made, options.times, {}, 1)});
    }
  return rows;
}

std::string whole_percent(std::size_t part, std::size_t all) {
  return fmt::format("{:.0f}", 100.0 * double(part) / double(all));
}

std::string power_table(const PowerOptions& options, const std::vector<PowerRow>& rows) {
  const check::Made usual;
  std::string text = fmt::format(
      "a boot of {} reasons, of which one changes{}; baseline of {} trials in {} runs that differ "
      "by {:g} %{}, {} new ones; {} checks each, confirmed in turn: alarm / cannot tell / pass, "
      "%\n",
      usual.reasons,
      options.some < 1 ? fmt::format(" in {:g} % of the new trials", 100 * options.some) : "",
      options.baseline, options.runs, 100 * options.run_spread,
      options.run_reasons > 0 ? fmt::format(" in {} reasons", options.run_reasons) : "",
      options.trials > 0 ? std::to_string(options.trials) : "as many as are planned",
      options.times);
  std::vector<report::Column> columns = {{report::on_right, 8, 0}};
  std::vector<std::vector<std::string>> lines = {{"spread"}};
  for (const double change : changes) {
    columns.push_back({report::on_right, 13, 1});
    lines.front().push_back(fmt::format("+{:g} %", 100 * change));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const check::Rates& rates = rows[i].rates;
    if (i % std::size(changes) == 0)
      lines.push_back({fmt::format("{:g} %", 100 * rows[i].made.spread)});
    lines.back().push_back(whole_percent(rates.regressed, rates.times) + " / " +
                           whole_percent(rates.cannot_tell, rates.times) + " / " +
                           whole_percent(rates.passed, rates.times));
  }
  const report::Columns table(std::move(columns));
  for (const auto& line : lines) text += table.line(line) + "\n";
  return text;
}

std::string power_json(const PowerOptions& options, const std::vector<PowerRow>& rows) {
  ordered_json document = {{"schema", 1},
                           {"baseline_trials", options.baseline},
                           {"baseline_runs", options.runs},
                           {"run_spread", options.run_spread},
                           {"run_reasons", options.run_reasons},
                           {"share_of_trials", options.some},
                           {"rows", ordered_json::array()}};
  for (const PowerRow& row : rows)
    document["rows"].push_back({{"spread", row.made.spread},
                                {"change", row.made.change},
                                {"checks", row.rates.times},
                                {"suspicions", row.rates.suspected},
                                {"alarms", row.rates.regressed},
                                {"cannot_tell", row.rates.cannot_tell},
                                {"passed", row.rates.passed}});
  return base::dump_json(document, 2) + "\n";
}

int bench_power(const PowerOptions& options) {
  const std::vector<PowerRow> rows = simulate(options);
  write_output(options.output,
               options.format == "json" ? power_json(options, rows) : power_table(options, rows));
  return base::exit_ok;
}

}  // namespace

void add_bench_power(const Command& bench_app) {
  const auto options = std::make_shared<PowerOptions>();
  const Command command = bench_app.add_subcommand(
      "power", "Checks of made-up trials: which change the gate finds how often (minutes)");
  command.add_number("--baseline", options->baseline, "Trials, of --runs runs", 2, 1000);
  command.add_number("-n,--trials", options->trials,
                     "New ones; 0: as many as `lab check` would run", 0, 1000);
  command.add_number("--runs", options->runs, "Runs of the baseline", 2, 100);
  command.add_number("--run-reasons", options->run_reasons,
                     "Reasons by which runs differ, the one that changes among them; 0: all", 0,
                     29);
  command.add_number("--run-spread", options->run_spread, "By which runs differ, as a share", 0.0,
                     1.0);
  command.add_number("--some", options->some, "The share of the new trials that change at all",
                     0.01, 1.0);
  command.add_number("--times", options->times, "Checks of each spread and size", 1, 100000);
  add_bench_output(command, options->format, options->output);
  command.runs([options] { return bench_power(*options); });
}

}  // namespace lab::cli
