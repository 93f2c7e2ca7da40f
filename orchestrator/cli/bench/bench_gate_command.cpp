// SPDX-License-Identifier: MIT
// Tests whether the gate finds what it promises to find, and nothing else. ci/gate records the
// trials, and this command draws checks from them.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/check/simulation/resample.hpp"
#include "orchestrator/cli/bench/gate_nights.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"

namespace lab::cli {
namespace {

using nlohmann::ordered_json;

constexpr double found_at_least = 0.95;  // of checks with a promised increase, confirmed

struct GateBenchOptions {
  std::string store, scenario, base, format = "table", output;
  std::size_t trials = 8, baseline = check::Night().baseline, times = 1000, changes = 1;
};

// Is one line of the result.
struct Line {
  std::string name;
  std::size_t recorded = 0;  // trials to draw from
  check::Rates rates;
  std::vector<check::Promised> promised;  // of a cell with a change
  bool is_control = false;                // identical conditions on both sides
  bool holds = true;                      // whether the gate keeps its promise
};

Line control(const check::Cell& base, const GateBenchOptions& options) {
  Line line{
      .name = "identical (drawn from all)", .recorded = base.trials.size(), .is_control = true};
  line.rates = check::resample(base, base, options.trials, options.times, {}, 1);
  line.holds = is_at_most(line.rates.suspected, false_alarms_allowed, line.rates.times);
  return line;
}

Line changed_line(const check::Cell& base, const check::Cell& changed,
                  const GateBenchOptions& options) {
  Line line{.name = changed.name, .recorded = changed.trials.size()};
  line.promised = check::promised_changes(base, changed);
  std::set<std::string> subjects;
  for (const check::Promised& change : line.promised) subjects.insert(change.subject);
  line.rates = check::resample(base, changed, options.trials, options.times, {}, 1, subjects);
  const bool more = std::ranges::any_of(
      line.promised, [](const check::Promised& change) { return change.change > 0; });
  const auto times = static_cast<double>(line.rates.times);
  line.holds = line.rates.times > 0 &&
               (line.promised.empty() || line.rates.promised == line.rates.times) &&
               (!more || static_cast<double>(line.rates.regressed) >= found_at_least * times);
  return line;
}

std::size_t times_told(const Line& line, const std::string& subject) {
  const auto found = line.rates.told.find(subject);
  return found == line.rates.told.end() ? 0 : found->second;
}

std::string line_text(const Line& line) {
  std::string text = fmt::format(
      "{} {}: {} trials, {} checks: suspicion {}, alarm {}, cannot tell {}, "
      "pass {}; improvement {}\n",
      line.holds ? "✓" : "✗", report::printable(line.name), line.recorded, line.rates.times,
      percent(line.rates.suspected, line.rates.times),
      percent(line.rates.regressed, line.rates.times),
      percent(line.rates.cannot_tell, line.rates.times),
      percent(line.rates.passed, line.rates.times), percent(line.rates.improved, line.rates.times));
  for (const check::Promised& change : line.promised)
    text += fmt::format("    {} {:+.0f} ({:+.1f} % of the total{}): told in {}\n",
                        report::printable(change.subject), change.change, 100 * change.of_total,
                        change.share ? fmt::format(", {:+.1f} % of it", 100 * *change.share) : "",
                        percent(times_told(line, change.subject), line.rates.times));
  if (line.promised.empty() && !line.is_control) text += "    no change that is promised\n";
  return text;
}

ordered_json gate_json(const Line& line) {
  ordered_json object = {{"name", line.name},
                         {"control", line.is_control},
                         {"recorded_trials", line.recorded},
                         {"checks", line.rates.times},
                         {"suspicions", line.rates.suspected},
                         {"alarms", line.rates.regressed},
                         {"improvements", line.rates.improved},
                         {"cannot_tell", line.rates.cannot_tell},
                         {"passed", line.rates.passed},
                         {"holds", line.holds}};
  object["promised"] = ordered_json::array();
  for (const check::Promised& change : line.promised)
    object["promised"].push_back({{"subject", change.subject},
                                  {"change", change.change},
                                  {"of_total", change.of_total},
                                  {"told", times_told(line, change.subject)}});
  return object;
}

ordered_json nights_json(const GateNights::Nights& nights) {
  const check::Rates& rates = nights.replayed.rates;
  ordered_json object = {{"condition_differs", nights.night.a_condition_differs},
                         {"checks", rates.times},
                         {"suspicions", rates.suspected},
                         {"alarms", rates.regressed},
                         {"cannot_tell", rates.cannot_tell},
                         {"passed", rates.passed},
                         {"baselines_refused", nights.replayed.refused},
                         {"wanted_more_trials", nights.replayed.wanted_more},
                         {"holds", nights.holds}};
  if (nights.night.injected)
    object.update({{"subject", nights.night.injected->row.subject()},
                   {"share", nights.night.injected->share}});
  return object;
}

std::string render_gate(const GateBenchOptions& options, const std::vector<Line>& lines,
                        const GateNights& nights) {
  if (options.format == "json") {
    ordered_json document = {{"schema", 1},
                             {"trials_a_side", options.trials},
                             {"lines", ordered_json::array()},
                             {"nights", ordered_json::array()}};
    for (const Line& line : lines) document["lines"].push_back(gate_json(line));
    for (const auto& one : nights.all()) document["nights"].push_back(nights_json(one));
    return base::dump_json(document, 2) + "\n";
  }
  std::string text =
      fmt::format("the gate on recorded trials of {}, {} a side drawn without replacement\n",
                  options.scenario, options.trials);
  for (const Line& line : lines) text += line_text(line);
  return text + nights.text();
}

int bench(const GateBenchOptions& options) {
  const store::Store store(store_path(options.store), store::Store::Mode::read_only);
  const std::vector<check::Cell> cells =
      gather(without_confirmations(store.counts({.scenario = options.scenario})));
  const auto base = std::ranges::find(cells, options.base, &check::Cell::name);
  if (base == cells.end())
    throw base::user_error("no cell '" + options.base + "' of scenario '" + options.scenario + "'",
                           "lab results list --scenario " + options.scenario);
  const GateNights nights(*base, options.baseline, options.times);
  std::vector<Line> lines = {control(*base, options)};
  for (const check::Cell& cell : cells)
    if (&cell != &*base) lines.push_back(changed_line(*base, cell, options));
  write_output(options.output, render_gate(options, lines, nights));
  const auto found = std::size_t(
      std::ranges::count_if(lines, [](const Line& line) { return !line.promised.empty(); }));
  if (found < options.changes) {
    say(fmt::format("lab: error: {} cells have a change that is promised, not {}\n", found,
                    options.changes));
    return base::exit_no_data;
  }
  return std::ranges::all_of(lines, &Line::holds) && nights.hold() ? base::exit_ok
                                                                   : base::exit_regression;
}

}  // namespace

void add_bench_gate(const Command& bench_app) {
  const auto options = std::make_shared<GateBenchOptions>();
  const Command command = bench_app.add_subcommand(
      "gate", "Checks drawn from recorded trials: how often the gate is right (see ci/gate)");
  command.add_option("--scenario", options->scenario, "Whose trials").required();
  command.add_option("--base", options->base, "The cell that the others are compared with")
      .required();
  command.add_option("-n,--trials", options->trials, "A side, in each check")
      .range(1, 1000)
      .shows_default();
  command.add_option("--baseline", options->baseline, "Accepted trials, in each night's check")
      .range(2, 1000)
      .shows_default();
  command.add_option("--times", options->times, "Checks drawn for each line of the result")
      .range(1, 100000)
      .shows_default();
  command
      .add_option("--changes", options->changes,
                  "Cells that must have a change that is promised to be found")
      .shows_default();
  command.add_option("--store", options->store, "The store's file");
  add_bench_output(command, options->format, options->output);
  command.runs([options] { return bench(*options); });
}

}  // namespace lab::cli
