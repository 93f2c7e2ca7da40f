// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bench/gate_nights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/statistics/univariate_statistics.hpp>
#include <cmath>

#include "orchestrator/base/samples.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::cli {
namespace {

constexpr double injected_shares[] = {0.1, 0.3, 0.5};
// Is the share of nights with a promised change that may pass. The far end of a 95 % interval
// leaves 2.5 %, and few recorded trials, drawn again and again, do not show all that could occur.
constexpr double passed_allowed = 0.05;

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

}  // namespace

bool is_at_most(std::size_t part, double share, std::size_t all) {
  return all > 0 && static_cast<double>(part) <= share * static_cast<double>(all);
}

std::string percent(std::size_t part, std::size_t all) {
  return all == 0 ? "-" : fmt::format("{:.1f} %", 100.0 * double(part) / double(all));
}

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

}  // namespace lab::cli
