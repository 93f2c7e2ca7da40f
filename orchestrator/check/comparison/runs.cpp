// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/runs.hpp"

#include <algorithm>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "orchestrator/base/samples.hpp"

namespace lab::check {
namespace {

// In one case of five, runs that do not differ count as different. That costs only a confirmation
// by new trials, whereas missing a difference raises a false alarm.
constexpr double difference_alpha = 0.2;
constexpr double confidence = 0.95;
// The usual ratio weighs as much as three more runs. By simulation, with two runs that vary by 10 %
// a trial, 4 % of quiet checks pass with a weight of one, 62 % with two, 90 % with three.
constexpr double usual_freedom = 3;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double squares_around(double middle, const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return sum;
}

// Is a one-way analysis of variance.
struct Analysis {
  double groups = 0, rest = 0;     // degrees of freedom, between runs and within them
  double between = 0, within = 0;  // mean squares
  double trials = 0, squares = 0;  // of all runs; sum of the squares of each run's trials

  bool is_possible() const { return groups >= 1 && rest >= 1; }
  // Returns the trials a run, as if all runs had equally many, for the variance between runs.
  double trials_a_run() const { return (trials - squares / trials) / groups; }
};

Analysis analyse(const std::vector<std::vector<double>>& runs) {
  std::vector<double> all;
  for (const std::vector<double>& run : runs) all.insert(all.end(), run.begin(), run.end());
  Analysis found{.groups = static_cast<double>(runs.size()) - 1,
                 .rest = static_cast<double>(all.size()) - static_cast<double>(runs.size()),
                 .trials = static_cast<double>(all.size())};
  if (!found.is_possible()) return found;
  const double middle = mean(all);
  for (const std::vector<double>& run : runs) {
    const auto size = static_cast<double>(run.size());
    const double distance = mean(run) - middle;
    found.within += squares_around(mean(run), run) / found.rest;
    found.between += size * distance * distance / found.groups;
    found.squares += size * size;
  }
  return found;
}

bool differ(const std::vector<std::vector<double>>& runs) {
  const Analysis found = analyse(runs);
  if (!found.is_possible() || !(found.between > 0)) return false;
  if (!(found.within > 0)) return true;
  const boost::math::fisher_f usual(found.groups, found.rest);
  return cdf(complement(usual, found.between / found.within)) < difference_alpha;
}

// Returns half of a 95 % interval, in standard deviations.
double deviations(double freedom) {
  return quantile(complement(boost::math::students_t(freedom), (1 - confidence) / 2));
}

double deviations() {
  return quantile(complement(boost::math::normal(), (1 - confidence) / 2));
}

}  // namespace

std::optional<Interval> other_run_interval(const std::vector<std::vector<double>>& runs) {
  if (runs.size() < 2 || !differ(runs)) return std::nullopt;
  std::vector<double> medians;
  for (const std::vector<double>& run : runs) medians.push_back(base::Samples(run).median());
  const auto n = static_cast<double>(medians.size());
  const double middle = mean(medians);
  const double deviation = std::sqrt(squares_around(middle, medians) / (n - 1));
  const double reach = deviations(n - 1) * deviation * std::sqrt(1 + 1 / n);
  return Interval{middle - reach, middle + reach, confidence};
}

std::optional<double> run_ratio(const std::vector<std::vector<double>>& runs) {
  const Analysis found = analyse(runs);
  if (!found.is_possible() || !(found.within > 0)) return std::nullopt;
  const boost::math::fisher_f usual(found.groups, found.rest);
  return found.between / found.within / quantile(usual, 0.5);
}

std::optional<RunSpread> run_spread(const std::vector<std::vector<double>>& runs,
                                    double usual_ratio) {
  const Analysis found = analyse(runs);
  if (!found.is_possible()) return std::nullopt;
  RunSpread spread{.freedom = usual_freedom + found.groups,
                   .runs = found.trials * found.trials / found.squares};
  const double between =
      (usual_freedom * usual_ratio * found.within + found.groups * found.between) / spread.freedom;
  spread.deviation = std::sqrt(std::max(0.0, between - found.within) / found.trials_a_run());
  return spread;
}

double reach_between_runs(double reach, const RunSpread& spread) {
  const double levels = deviations() * spread.deviation * std::sqrt(1 + 1 / spread.runs);
  return deviations(spread.freedom) / deviations() * std::hypot(reach, levels);
}

}  // namespace lab::check
