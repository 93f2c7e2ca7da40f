// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/runs.hpp"

#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "orchestrator/base/samples.hpp"

namespace lab::check {
namespace {

// Runs are called different that are not, in one case of five: what they are held to explain is
// tried again, whereas what they are not held to explain is an alarm.
constexpr double difference_alpha = 0.2;
constexpr double confidence = 0.95;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double squares_around(double middle, const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return sum;
}

// One-way analysis of variance.
bool differ(const std::vector<std::vector<double>>& runs) {
  std::vector<double> all;
  for (const std::vector<double>& run : runs) all.insert(all.end(), run.begin(), run.end());
  const double middle = mean(all);
  double within = 0, between = 0;
  for (const std::vector<double>& run : runs) {
    const double distance = mean(run) - middle;
    within += squares_around(mean(run), run);
    between += static_cast<double>(run.size()) * distance * distance;
  }
  const auto groups = static_cast<double>(runs.size() - 1);
  const auto rest = static_cast<double>(all.size() - runs.size());
  if (rest < 1 || !(between > 0)) return false;
  if (!(within > 0)) return true;
  const boost::math::fisher_f usual(groups, rest);
  return cdf(complement(usual, between / groups / (within / rest))) < difference_alpha;
}

}  // namespace

std::optional<Interval> other_run_interval(const std::vector<std::vector<double>>& runs) {
  if (runs.size() < 2 || !differ(runs)) return std::nullopt;
  std::vector<double> medians;
  for (const std::vector<double>& run : runs) medians.push_back(base::Samples(run).median());
  const auto n = static_cast<double>(medians.size());
  const double middle = mean(medians);
  const double deviation = std::sqrt(squares_around(middle, medians) / (n - 1));
  const boost::math::students_t usual(n - 1);
  const double reach =
      quantile(complement(usual, (1 - confidence) / 2)) * deviation * std::sqrt(1 + 1 / n);
  return Interval{middle - reach, middle + reach, confidence};
}

}  // namespace lab::check
