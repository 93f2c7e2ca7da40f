// SPDX-License-Identifier: MIT
#include "orchestrator/record/rates.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lab::record {
namespace {

constexpr std::size_t fewest_windows = 3;

double add_up(const std::vector<std::uint64_t>& exits) {
  return std::accumulate(exits.begin(), exits.end(), 0.0,
                         [](double sum, std::uint64_t value) { return sum + double(value); });
}

// Computes the exits from the start to any time; interpolates linearly between samples.
class Growth {
 public:
  explicit Growth(const Timeline& timeline) {
    double total = 0;
    for (const Timeline::Sample& sample : timeline.samples)
      points_.emplace_back(sample.seconds, total += add_up(sample.exits));
  }

  double at(double seconds) const {
    const auto after = std::ranges::lower_bound(points_, seconds, {}, &Point::first);
    if (after == points_.end()) return points_.empty() ? 0 : points_.back().second;
    const Point before = after == points_.begin() ? Point{0, 0} : *std::prev(after);
    const double length = after->first - before.first;
    const double share = length > 0 ? (seconds - before.first) / length : 1;
    return before.second + (after->second - before.second) * std::clamp(share, 0.0, 1.0);
  }
  double between(double begin, double end) const { return at(end) - at(begin); }

 private:
  using Point = std::pair<double, double>;
  std::vector<Point> points_;
};

double end_seconds(const Timeline& timeline) {
  return timeline.samples.empty() ? 0 : timeline.samples.back().seconds;
}

void measure_steadiness(Stretch& part, const std::vector<double>& rates) {
  part.windows = rates.size();
  if (rates.empty()) return;
  const auto [least, most] = std::ranges::minmax_element(rates);
  part.least = *least;
  part.most = *most;
  const double mean =
      std::accumulate(rates.begin(), rates.end(), 0.0) / static_cast<double>(rates.size());
  if (rates.size() < fewest_windows || !(mean > 0)) return;
  double squares = 0;
  for (const double rate : rates) squares += (rate - mean) * (rate - mean);
  part.variation = std::sqrt(squares / static_cast<double>(rates.size())) / mean;
}

Stretch measure(const Growth& growth, double window, std::string name, double begin, double end) {
  Stretch part;
  part.name = std::move(name);
  part.begin = begin;
  part.end = std::max(begin, end);
  part.exits = growth.between(part.begin, part.end);
  std::vector<double> rates;
  const double whole = std::floor(part.seconds() / window + 1e-9);
  for (double i = 0; i < whole; ++i)
    rates.push_back(growth.between(begin + i * window, begin + (i + 1) * window) / window);
  measure_steadiness(part, rates);
  return part;
}

bool overlap(const Burst& a, const Burst& b) {
  constexpr double slack = 1e-6;
  return a.begin + slack < b.end && b.begin + slack < a.end;
}

}  // namespace

double rate_window(const Timeline& timeline) {
  if (timeline.samples.empty()) return 1;
  return std::max(1.0, 2 * end_seconds(timeline) / static_cast<double>(timeline.samples.size()));
}

std::vector<std::pair<std::uint32_t, double>> reasons_between(const Timeline& timeline,
                                                              double begin, double end) {
  std::vector<double> exits(timeline.numbers.size());
  double before = 0;
  for (const Timeline::Sample& sample : timeline.samples) {
    const double length = sample.seconds - before;
    const double inside =
        std::min(sample.seconds, end) - std::max(std::exchange(before, sample.seconds), begin);
    if (inside <= 0 || length <= 0) continue;
    for (std::size_t i = 0; i < std::min(exits.size(), sample.exits.size()); ++i)
      exits[i] += double(sample.exits[i]) * inside / length;
  }
  std::vector<std::pair<std::uint32_t, double>> reasons;
  for (std::size_t i = 0; i < exits.size(); ++i)
    if (exits[i] > 0) reasons.emplace_back(timeline.numbers[i], exits[i]);
  std::ranges::stable_sort(reasons, std::greater(), &std::pair<std::uint32_t, double>::second);
  return reasons;
}

Stretch stretch(const Timeline& timeline, std::string name, double begin, double end) {
  return measure(Growth(timeline), rate_window(timeline), std::move(name), begin, end);
}

std::vector<Stretch> phases(const Timeline& timeline) {
  const Growth growth(timeline);
  const double window = rate_window(timeline);
  std::vector<Stretch> parts;
  for (std::size_t i = 1; i < timeline.milestones.size(); ++i) {
    const Timeline::Milestone &from = timeline.milestones[i - 1], &to = timeline.milestones[i];
    parts.push_back(measure(growth, window, from.name + " → " + to.name, from.seconds, to.seconds));
  }
  return parts;
}

std::vector<Stretch> step_stretches(const Record& record) {
  std::vector<Stretch> parts;
  if (!record.timeline) return parts;
  const Growth growth(*record.timeline);
  const double window = rate_window(*record.timeline);
  for (const Step& step : record.steps)
    if (step.guest == 1 && step.begin && step.seconds)
      parts.push_back(measure(growth, window, step.name, *step.begin, *step.begin + *step.seconds));
  return parts;
}

std::vector<Burst> busiest(const Timeline& timeline, std::size_t count) {
  const Growth growth(timeline);
  const double window = rate_window(timeline);
  std::vector<Burst> all, chosen;
  double begin = 0;
  for (const Timeline::Sample& sample : timeline.samples) {
    Burst burst{.begin = begin, .end = begin + window};
    begin = sample.seconds;
    if (burst.end > end_seconds(timeline) + 1e-6) break;
    burst.exits = growth.between(burst.begin, burst.end);
    if (burst.exits > 0) all.push_back(std::move(burst));
  }
  std::ranges::stable_sort(all, std::greater(), &Burst::exits);
  for (const Burst& burst : all) {
    if (chosen.size() == count) break;
    if (std::ranges::none_of(chosen, [&](const Burst& other) { return overlap(burst, other); }))
      chosen.push_back(burst);
  }
  for (Burst& burst : chosen) burst.reasons = reasons_between(timeline, burst.begin, burst.end);
  return chosen;
}

}  // namespace lab::record
