// SPDX-License-Identifier: MIT
#include "orchestrator/check/history/change_points.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "orchestrator/base/samples.hpp"
#include "orchestrator/check/comparison/comparison.hpp"

namespace lab::check {
namespace {

constexpr std::size_t permutations = 499;
constexpr double change_alpha = 0.01;
constexpr double many_exits = 1000;    // exits of a reason whose changes are looked for
constexpr double least_change = 0.01;  // a share of the level before; less is not reported
constexpr std::uint64_t permutation_seed = 1;

struct Split {
  double statistic = 0;
  std::size_t at = 0;  // the first value of the right part
};

// Returns the best place to split, by the scaled energy distance between its left and right sides,
//   n m / (n + m) (2 E|X - Y| - E|X - X'| - E|Y - Y'|),
// computed for all places in one pass: moving a value from right to left changes the sums by its
// distances.
Split best_split(std::span<const double> values) {
  const std::size_t n = values.size();
  double inside_left = 0, inside_right = 0, between = 0;  // sums over unordered pairs
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) inside_right += std::abs(values[i] - values[j]);
  Split best;
  for (std::size_t at = 1; at + fewest_values <= n; ++at) {
    double to_left = 0, to_right = 0;
    for (std::size_t i = 0; i + 1 < at; ++i) to_left += std::abs(values[i] - values[at - 1]);
    for (std::size_t i = at; i < n; ++i) to_right += std::abs(values[i] - values[at - 1]);
    inside_left += to_left;
    inside_right -= to_right;
    between += to_right - to_left;
    if (at < fewest_values) continue;
    const auto l = static_cast<double>(at), r = static_cast<double>(n - at);
    const double energy =
        2 * between / (l * r) - 2 * inside_left / (l * (l - 1)) - 2 * inside_right / (r * (r - 1));
    const double statistic = l * r / (l + r) * energy;
    if (statistic > best.statistic) best = {statistic, at};
  }
  return best;
}

// Returns whether so good a split is no chance, at `change_alpha`. Stops as soon as that is
// certain.
bool is_real(std::span<const double> values, double statistic, std::mt19937_64& random) {
  constexpr auto allowed = static_cast<std::size_t>(change_alpha * (permutations + 1)) - 1;
  std::vector<double> shuffled(values.begin(), values.end());
  std::size_t as_good = 0;
  for (std::size_t i = 0; i < permutations && as_good <= allowed; ++i) {
    std::ranges::shuffle(shuffled, random);
    as_good += best_split(shuffled).statistic >= statistic;
  }
  return as_good <= allowed;
}

void split(std::span<const double> values, std::size_t offset, std::mt19937_64& random,
           std::vector<std::size_t>& points) {
  if (values.size() < 2 * fewest_values) return;
  const Split best = best_split(values);
  if (best.at == 0 || !is_real(values, best.statistic, random)) return;
  points.push_back(offset + best.at);
  split(values.first(best.at), offset, random, points);
  split(values.subspan(best.at), offset + best.at, random, points);
}

// Is one run of a cell, with medians over its trials.
struct Point {
  std::string run, first_id;
  const record::Conditions* conditions = nullptr;
  std::vector<const record::TrialCounts*> trials;
};

struct CellHistory {
  SeriesKey key;
  std::vector<Point> points;
};

std::vector<CellHistory> histories(std::span<const record::TrialCounts> trials) {
  std::vector<CellHistory> cells;
  for (const record::TrialCounts& trial : trials) {
    if (trial.outcome != record::Outcome::passed || record::is_confirmation(trial.run)) continue;
    SeriesKey key = series_key(trial);
    auto cell = std::ranges::find(cells, key, &CellHistory::key);
    if (cell == cells.end()) cell = cells.insert(cells.end(), {std::move(key), {}});
    const std::string& run = trial.run.empty() ? trial.id : trial.run;
    find_or_add_run(cell->points, run, Point{run, trial.id, trial.conditions.get(), {}})
        .trials.push_back(&trial);
  }
  return cells;
}

// Identifies a subject: a step's total, or one reason of it.
struct Subject {
  std::string step;
  std::uint32_t guest = 1;
  std::optional<std::uint32_t> reason;

  std::optional<double> of(const record::TrialCounts& trial) const {
    for (const record::StepCounts& counts : trial.steps) {
      if (counts.step != step || counts.guest != guest) continue;
      if (!reason) return static_cast<double>(counts.exits);
      const auto found = std::ranges::lower_bound(counts.reasons, *reason, {},
                                                  &std::pair<std::uint32_t, std::uint64_t>::first);
      const bool there = found != counts.reasons.end() && found->first == *reason;
      return there ? static_cast<double>(found->second) : 0;
    }
    return std::nullopt;
  }

  std::string name(const record::Conditions& conditions) const {
    Row row{.step = step, .guest = guest, .name = "total"};
    const auto vendor = record::recorded_vendor(conditions);
    if (reason && vendor) row.name = exits::reason_name(*vendor, *reason);
    return row.subject();
  }

  auto operator<=>(const Subject&) const = default;
};

std::set<Subject> subjects(const CellHistory& cell, const HistoryOptions& options) {
  std::set<Subject> all;
  for (const Point& point : cell.points)
    for (const record::TrialCounts* trial : point.trials)
      for (const record::StepCounts& step : trial->steps) {
        all.insert({step.step, step.guest, std::nullopt});
        if (!options.reasons) continue;
        for (const auto& [number, exits] : step.reasons)
          if (static_cast<double>(exits) >= many_exits) all.insert({step.step, step.guest, number});
      }
  return all;
}

// Contains the values over the runs that have the subject, and these runs.
struct Series {
  std::vector<double> values;
  std::vector<const Point*> points;
};

Series make_series(const CellHistory& cell, const Subject& subject) {
  Series series;
  for (const Point& point : cell.points) {
    std::vector<double> values;
    for (const record::TrialCounts* trial : point.trials)
      if (const auto value = subject.of(*trial)) values.push_back(*value);
    if (values.empty()) continue;
    series.values.push_back(base::Samples(std::move(values)).median());
    series.points.push_back(&point);
  }
  return series;
}

void add_changes(const CellHistory& cell, const Subject& subject, std::vector<Change>& changes) {
  const Series series = make_series(cell, subject);
  const std::span<const double> values = series.values;
  std::vector<std::size_t> points = change_points(values);
  points.insert(points.begin(), 0);
  points.push_back(values.size());
  for (std::size_t i = 1; i + 1 < points.size(); ++i) {
    const Point &before = *series.points[points[i] - 1], &first = *series.points[points[i]];
    Change change{.cell = cell.key.cell,
                  .site = cell.key.site,
                  .vendor = cell.key.vendor,
                  .subject = subject.name(*first.conditions),
                  .step = subject.step,
                  .guest = subject.guest,
                  .run = first.run,
                  .time = first.first_id.substr(0, first.first_id.find('-'))};
    const auto median = [&](std::size_t begin, std::size_t end) {
      const auto part = values.subspan(begin, end - begin);
      return base::Samples({part.begin(), part.end()}).median();
    };
    change.before = median(points[i - 1], points[i]);
    change.after = median(points[i], points[i + 1]);
    if (std::abs(change.after - change.before) < least_change * change.before) continue;
    change.conditions = differences(*before.conditions, *first.conditions);
    changes.push_back(std::move(change));
  }
}

}  // namespace

SeriesKey series_key(const record::TrialCounts& trial) {
  return {trial.scenario, std::string(record::cell_name(trial.trial)),
          record::find_condition(*trial.conditions, record::condition::site),
          record::find_condition(*trial.conditions, record::condition::vendor)};
}

std::vector<std::size_t> change_points(std::span<const double> values) {
  std::vector<std::size_t> points;
  std::mt19937_64 random(permutation_seed);
  split(values, 0, random, points);
  std::ranges::sort(points);
  return points;
}

std::vector<Change> changes_in(std::span<const record::TrialCounts> trials,
                               const HistoryOptions& options) {
  std::vector<Change> changes;
  for (CellHistory& cell : histories(trials)) {
    if (cell.points.size() > options.most)
      cell.points.erase(cell.points.begin(),
                        cell.points.end() - static_cast<std::ptrdiff_t>(options.most));
    for (const Subject& subject : subjects(cell, options)) add_changes(cell, subject, changes);
  }
  return changes;
}

}  // namespace lab::check
