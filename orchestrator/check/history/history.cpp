// SPDX-License-Identifier: MIT
#include "orchestrator/check/history/history.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "orchestrator/check/comparison/cells.hpp"

namespace lab::check {
namespace {

RunPoint put_together(std::span<const RunPoint> points) {
  RunPoint all = points.front();
  std::vector<double> medians;
  for (const RunPoint& point : points) {
    medians.push_back(point.median);
    all.least = std::min(all.least, point.least);
    all.most = std::max(all.most, point.most);
  }
  for (const RunPoint& point : points.subspan(1)) all.trials += point.trials;
  all.median = base::Samples(std::move(medians)).median();
  return all;
}

}  // namespace

void History::add(const record::TrialCounts& trial) {
  const std::string& run = trial.run.empty() ? trial.id : trial.run;
  if (record::is_confirmation(run)) return;
  ++trials_;
  const SeriesKey series = series_key(trial);
  FailedRun& info = all_runs_[{run, trial.scenario}];
  if (info.trials++ == 0) info = {run, trial.id, trial.scenario, series.site, 1, 0};
  if (trial.outcome != record::Outcome::passed) return;
  ++info.passed;
  for (const record::StepCounts& step : trial.steps) {
    std::vector<Run>& runs = runs_[{series, step.step, step.guest}];
    find_or_add_run(runs, run, Run{run, trial.id, {}}).totals.push_back(step.exits);
  }
  keep_recent(trial, run);
}

void History::keep_recent(const record::TrialCounts& trial, const std::string& run) {
  std::deque<Recent>& recent = recent_[series_key(trial)];
  find_or_add_run(recent, run, Recent{run, {}}).trials.push_back(trial);
  if (recent.size() > options_.most) recent.pop_front();
}

std::vector<Trend> History::trends(std::size_t points) const {
  std::size_t all = 0;
  for (const auto& [key, runs] : runs_) all += runs.size();
  const std::size_t together = std::max<std::size_t>(1, (all + points - 1) / points);
  std::vector<Trend> trends;
  for (const auto& [key, runs] : runs_) {
    std::vector<RunPoint> each;
    for (const Run& run : runs) {
      const base::Samples totals = to_samples(run.totals);
      const auto [least, most] = std::ranges::minmax_element(run.totals);
      each.push_back({run.run, run.first_id, run.totals.size(), totals.median(), *least, *most});
    }
    Trend& trend = trends.emplace_back(Trend{key.series, key.step, key.guest, {}, together});
    for (std::size_t at = 0; at < each.size(); at += together)
      trend.points.push_back(
          put_together(std::span(each).subspan(at, std::min(together, each.size() - at))));
  }
  std::ranges::stable_sort(trends, {}, [](const Trend& trend) { return trend.of.cell; });
  return trends;
}

std::vector<FailedRun> History::failed() const {
  std::vector<FailedRun> failed;
  for (const auto& [key, run] : all_runs_)
    if (run.passed < run.trials) failed.push_back(run);
  return failed;
}

std::vector<Change> History::changes() const {
  std::vector<Change> changes;
  for (const auto& [key, recent] : recent_) {
    std::vector<record::TrialCounts> trials;
    for (const Recent& one : recent)
      trials.insert(trials.end(), one.trials.begin(), one.trials.end());
    std::ranges::move(changes_in(trials, options_), std::back_inserter(changes));
  }
  return changes;
}

}  // namespace lab::check
