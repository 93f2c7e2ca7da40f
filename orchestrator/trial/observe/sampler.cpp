// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/sampler.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace lab::trial {
namespace {

using TimelineSample = record::Timeline::Sample;

constexpr double never = std::numeric_limits<double>::infinity();
// Limits the numbers in all samples: one event of the stream holds so many with room to spare.
constexpr std::size_t max_cells = 400'000;

// Returns the number after `prefix` in the line.
std::optional<std::uint64_t> number_after(std::string_view line, std::string_view prefix) {
  const std::size_t at = line.find(prefix);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + prefix.size());
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

void merge(TimelineSample& into, const TimelineSample& next) {
  into.seconds = next.seconds;
  into.exits.resize(std::max(into.exits.size(), next.exits.size()));
  for (std::size_t i = 0; i < next.exits.size(); ++i) into.exits[i] += next.exits[i];
}

}  // namespace

ExitsByNumber exits_by_number(const exits::Counts& counts) {
  ExitsByNumber map;
  for (const exits::ReasonCount& reason : counts.reasons) map[reason.number] = reason.exits;
  return map;
}

void add_exits(std::string_view exit_stats, ExitsByNumber& sums) {
  if (!exit_stats.ends_with("end\n")) return;
  constexpr std::string_view mark = "\nreason ";
  for (std::size_t at = 0; (at = exit_stats.find(mark, at)) != std::string_view::npos;) {
    const std::string_view line = exit_stats.substr(at + 1, exit_stats.find('\n', at + 1) - at - 1);
    const auto number = number_after(line, "reason ");
    const auto exits = number_after(line, " exits=");
    if (number && exits) sums[static_cast<std::uint32_t>(*number)] += *exits;
    at += mark.size();
  }
}

Sampler::Sampler(std::uint32_t rate, std::size_t max_samples)
    : interval_(rate == 0 ? never : 1.0 / rate), next_(never), max_samples_(max_samples) {}

void Sampler::start(ExitsByNumber counts) {
  last_ = std::move(counts);
  next_ = interval_;
}

// A late sample is not made up for.
void Sampler::take(double seconds, const ExitsByNumber& counts) {
  next_ = std::max(next_ + interval_, seconds + interval_ / 2);
  TimelineSample sample{seconds, std::vector<std::uint64_t>(columns_.size())};
  for (const auto& [number, exits] : counts) {
    const std::uint64_t change = exits - std::min(last_[number], exits);
    if (change == 0) continue;
    const std::size_t column = columns_.try_emplace(number, columns_.size()).first->second;
    if (column >= sample.exits.size()) sample.exits.resize(column + 1);
    sample.exits[column] = change;
    last_[number] = exits;
  }
  timeline_.samples.push_back(std::move(sample));
  if (timeline_.samples.size() <= max_samples_) return;
  put_together();
  interval_ *= 2;
}

void Sampler::add_milestone(std::string_view name, double seconds) {
  timeline_.milestones.push_back({std::string(name), seconds});
}

record::Timeline Sampler::finish() {
  while (timeline_.samples.size() * columns_.size() > max_cells) put_together();
  std::vector<std::size_t> order;
  for (const auto& [number, column] : columns_) {
    timeline_.numbers.push_back(number);
    order.push_back(column);
  }
  for (TimelineSample& sample : timeline_.samples) {
    sample.exits.resize(columns_.size());
    std::vector<std::uint64_t> sorted;
    for (const std::size_t column : order) sorted.push_back(sample.exits[column]);
    sample.exits = std::move(sorted);
  }
  std::ranges::stable_sort(timeline_.milestones, {}, &record::Timeline::Milestone::seconds);
  return std::move(timeline_);
}

// Merges every two samples; the last one may remain alone.
void Sampler::put_together() {
  std::vector<TimelineSample>& samples = timeline_.samples;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.size(); i += 2, ++kept) {
    if (i + 1 < samples.size()) merge(samples[i], samples[i + 1]);
    if (kept != i) samples[kept] = std::move(samples[i]);
  }
  samples.resize(kept);
}

}  // namespace lab::trial
