// SPDX-License-Identifier: MIT
// Tests whether the gate finds what it promises to find, and nothing else. ci/gate records the
// trials, and this command draws checks from them.
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/statistics/univariate_statistics.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/samples.hpp"
#include "orchestrator/check/simulation/replay.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::cli {
namespace {

using nlohmann::ordered_json;

constexpr double found_at_least = 0.95;  // of checks with a promised increase, confirmed
constexpr double false_alarms_allowed = 0.01;
constexpr double injected_shares[] = {0.1, 0.3, 0.5};
// Is the share of nights with a promised change that may pass. The far end of a 95 % interval
// leaves 2.5 %, and few recorded trials, drawn again and again, do not show all that could occur.
constexpr double passed_allowed = 0.05;

// Returns whether `part` is at most this share of `all`; false where `all` is 0.
bool is_at_most(std::size_t part, double share, std::size_t all) {
  return all > 0 && static_cast<double>(part) <= share * static_cast<double>(all);
}

// Returns "0.4 %", or "-" of none.
std::string percent(std::size_t part, std::size_t all) {
  return all == 0 ? "-" : fmt::format("{:.1f} %", 100.0 * double(part) / double(all));
}

// Returns the standard deviation of the row's trials, as a share of their median.
double spread(const check::Cell& cell, const check::Row& row) {
  const check::Counts counts = row_counts(cell, row);
  return std::sqrt(boost::math::statistics::sample_variance(counts)) / row.a.median;
}

// Returns how far apart the medians of its runs lie, as a share of the median.
double runs_spread(const check::Cell& cell, const check::Row& row) {
  base::Samples medians;
  for (const std::vector<double>& run : check::by_run(cell, row_counts(cell, row)))
    medians.add(base::Samples(run).median());
  return (medians.most() - medians.least()) / row.a.median;
}

bool must_not_pass(const check::Cell& cell, const check::Injection& injected) {
  return std::ranges::any_of(
      check::reasons_that_must_not_pass(cell, injected.share, {}),
      [&](const check::Row& row) { return row.subject() == injected.row.subject(); });
}

// Draws nights of the gate from recorded trials: measures how often a check raises a false alarm,
// and how often it finds an increase put into its new trials. Measures in its constructor, which
// takes seconds to minutes.
class GateNights {
 public:
  struct Nights {
    check::Night night;
    check::Replayed replayed;
    bool holds = true;
  };

  // Accepts `baseline` trials; makes `times` checks of no change, of each reason and each size.
  GateNights(const check::Cell& recorded, std::size_t baseline, std::size_t times);

  bool hold() const;  // whether the gate keeps its promises
  std::string text() const;
  std::vector<Nights> all() const;

 private:
  Nights measure(check::Night night) const;
  bool has_some() const { return unchanged_.back().replayed.rates.times > 0; }
  std::string injected_text() const;
  static std::string nights_text(const Nights& nights);
  static std::string rates_text(const Nights& nights);

  const check::Cell& recorded_;
  std::size_t baseline_, times_;
  std::vector<Nights> unchanged_;  // with no condition that differs; with one
  std::vector<Nights> injected_;   // for each reason all shares, ascending
};

GateNights::GateNights(const check::Cell& recorded, std::size_t baseline, std::size_t times)
    : recorded_(recorded), baseline_(baseline), times_(times) {
  for (const bool differs : {false, true})
    unchanged_.push_back(measure({.baseline = baseline, .a_condition_differs = differs}));
  if (!has_some()) return;
  for (const check::Row& row :
       check::reasons_that_must_not_pass(recorded, *std::ranges::max_element(injected_shares), {}))
    for (const double share : injected_shares)
      injected_.push_back(measure({.baseline = baseline,
                                   .a_condition_differs = true,
                                   .injected = check::Injection{row, share}}));
}

GateNights::Nights GateNights::measure(check::Night night) const {
  Nights nights{std::move(night)};
  nights.replayed = check::replay(recorded_, nights.night, times_, {}, 1);
  const check::Rates& rates = nights.replayed.rates;
  if (!nights.night.injected)
    nights.holds = is_at_most(rates.regressed, false_alarms_allowed, rates.times);
  else if (must_not_pass(recorded_, *nights.night.injected))
    nights.holds = is_at_most(rates.passed, passed_allowed, rates.times);
  return nights;
}

bool GateNights::hold() const {
  return std::ranges::all_of(unchanged_, &Nights::holds) &&
         std::ranges::all_of(injected_, &Nights::holds);
}

std::string GateNights::nights_text(const Nights& nights) {
  const auto& [rates, refused, wanted_more] = nights.replayed;
  return fmt::format(
      "{} nothing changed, {}: suspicion {}, alarm {}, cannot tell {}, pass {}; {} baselines not "
      "accepted, {} checks wanted more trials than a run has\n",
      nights.holds ? "✓" : "✗",
      nights.night.a_condition_differs ? "though a condition differs" : "and no condition",
      percent(rates.suspected, rates.times), percent(rates.regressed, rates.times),
      percent(rates.cannot_tell, rates.times), percent(rates.passed, rates.times), refused,
      wanted_more);
}

std::string GateNights::rates_text(const Nights& nights) {
  const check::Rates& rates = nights.replayed.rates;
  const auto share = [&](std::size_t part) { return 100.0 * double(part) / double(rates.times); };
  return fmt::format("{} {:.0f} / {:.0f} / {:.0f}", nights.holds ? "✓" : "✗",
                     share(rates.regressed), share(rates.cannot_tell), share(rates.passed));
}

std::string GateNights::injected_text() const {
  std::vector<report::Column> columns = {
      {.least = 24}, {report::on_right, 9, 1}, {report::on_right, 8, 1}, {report::on_right, 8, 1}};
  columns.resize(columns.size() + std::size(injected_shares), {report::on_right, 16, 1});
  std::vector<std::vector<std::string>> lines = {{"reason", "exits", "spread", "runs"}};
  for (const double share : injected_shares)
    lines.front().push_back(fmt::format("+{:.0f} %", 100 * share));
  for (std::size_t i = 0; i < injected_.size(); ++i) {
    const check::Row& row = injected_[i].night.injected->row;
    if (i % std::size(injected_shares) == 0)
      lines.push_back({report::printable(row.subject()), fmt::format("{:.0f}", row.a.median),
                       fmt::format("{:.1f} %", 100 * spread(recorded_, row)),
                       fmt::format("{:.1f} %", 100 * runs_spread(recorded_, row))});
    lines.back().push_back(rates_text(injected_[i]));
  }
  const report::Columns table(std::move(columns));
  std::string text =
      "  more of one reason, and both sides again in turn: alarm / cannot tell / pass, %\n";
  for (const auto& line : lines) text += table.line(line) + "\n";
  return text;
}

std::string GateNights::text() const {
  std::string text = fmt::format(
      "nights of {}: new trials of one of {} runs, {} of the others accepted, {} checks each\n",
      report::printable(recorded_.name), check::run_ids(recorded_).size(), baseline_, times_);
  if (!has_some())
    return text + "✗ none: they need three runs, of which two can be accepted as a baseline\n";
  for (const Nights& nights : unchanged_) text += nights_text(nights);
  return injected_.empty() ? text : text + injected_text();
}

std::vector<GateNights::Nights> GateNights::all() const {
  std::vector<Nights> all = unchanged_;
  all.insert(all.end(), injected_.begin(), injected_.end());
  return all;
}

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
    say_error(
        fmt::format("{} cells have a change that is promised, not {}", found, options.changes));
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
  command.add_number("-n,--trials", options->trials, "A side, in each check", 1, 1000);
  command.add_number("--baseline", options->baseline, "Accepted trials, in each night's check", 2,
                     1000);
  command.add_number("--times", options->times, "Checks drawn for each line of the result", 1,
                     100000);
  command
      .add_option("--changes", options->changes,
                  "Cells that must have a change that is promised to be found")
      .shows_default();
  command.add_option("--store", options->store, "The store's file");
  add_bench_output(command, options->format, options->output);
  command.runs([options] { return bench(*options); });
}

}  // namespace lab::cli
