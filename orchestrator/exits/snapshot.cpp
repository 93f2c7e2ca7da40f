// SPDX-License-Identifier: MIT
#include "orchestrator/exits/snapshot.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace lab::exits {
namespace {

// Counts only grow. A count that seems to shrink has 32 bits and wrapped (or is a lie).
std::uint64_t growth(std::uint64_t before, std::uint64_t after) {
  return after >= before ? after - before : wrapped(after - before);
}

// Extends all counts to 64 bits by the host's counts near them. Where only the host has a number,
// its low 32 bits are zero just then, and the guest assumes that it never happened.
Counts widened(Counts counts, const Counts& host) {
  counts.total = nearest(wrapped(counts.total), host.total);
  ByNumber reasons = by_number(counts);
  for (const ReasonCount& there : host.reasons) {
    ReasonCount& reason =
        reasons.try_emplace(there.number, ReasonCount{there.number, 0, {}}).first->second;
    reason.exits = nearest(wrapped(reason.exits), there.exits);
    if (reason.exits == 0) reasons.erase(there.number);
  }
  counts.reasons.clear();
  for (const auto& [number, reason] : reasons) counts.reasons.push_back(reason);
  return counts;
}

ReasonCount difference(const ReasonCount& before, const ReasonCount& after) {
  ReasonCount result{after.number, growth(before.exits, after.exits), std::nullopt};
  if (after.cycles) result.cycles = *after.cycles - before.cycles.value_or(0);
  return result;
}

std::vector<ReasonCount> differences(const Counts& before, const Counts& after) {
  ByNumber earlier = by_number(before);
  std::vector<ReasonCount> result;
  for (const auto& [number, reason] : by_number(after)) {
    const ReasonCount change = difference(earlier[number], reason);
    if (change.exits != 0) result.push_back(change);
    earlier.erase(number);
  }
  // A number disappears when its counter wraps to exactly zero.
  for (const auto& [number, reason] : earlier) {
    const std::uint32_t change = wrapped(0 - reason.exits);
    if (change != 0) result.push_back({number, change, std::nullopt});
  }
  std::ranges::sort(result, {}, &ReasonCount::number);
  return result;
}

// Returns the exits between the two totals besides the reader's own; negative where the totals
// cannot be right.
std::int64_t others(const Snapshot& snapshot) {
  return static_cast<std::int32_t>(snapshot.end_total - snapshot.start_total - snapshot.own_exits);
}

}  // namespace

ByNumber by_number(const Counts& counts) {
  ByNumber map;
  for (const ReasonCount& reason : counts.reasons) map[reason.number] = reason;
  return map;
}

std::string in_words(const std::vector<ReasonCount>& reasons, Vendor vendor) {
  std::string text;
  for (const ReasonCount& reason : reasons)
    text += fmt::format("{}{} {}", text.empty() ? " (" : ", ", reason_name(vendor, reason.number),
                        reason.exits);
  return text.empty() ? text : text + ")";
}

std::uint64_t nearest(std::uint32_t seen, std::uint64_t host) {
  const auto shift = static_cast<std::int32_t>(seen - wrapped(host));
  const std::uint64_t value = host + static_cast<std::uint64_t>(std::int64_t{shift});
  return shift < 0 && value > host ? seen : value;  // a count below zero is impossible
}

Between between(const Snapshot& snapshot, Vendor vendor) {
  Between result;
  const std::int64_t came = others(snapshot);
  std::uint32_t reads_after = snapshot.own_exits;
  std::uint64_t sum = 0;
  for (const Reading& reading : snapshot.readings) {
    if (!reading.read) continue;
    --reads_after;  // reads of the counts that follow, and 1 of the total
    const std::uint32_t own = reading.number == cpuid_number(vendor) ? reads_after : 0;
    const auto later = static_cast<std::int32_t>(reading.latched - *reading.read - own);
    if (later < 0)
      result.fault += fmt::format("; {} ({}): {} read, more than {} at the total after it",
                                  reason_name(vendor, reading.number), reading.number,
                                  *reading.read, wrapped(reading.latched - own));
    if (later <= 0) continue;
    result.later.push_back({reading.number, static_cast<std::uint64_t>(later), {}});
    sum += static_cast<std::uint64_t>(later);
  }
  if (came < 0)
    result.fault += fmt::format("; the total grew by {} fewer than the reader's own reads", -came);
  result.exits = came < 0 ? 0 : static_cast<std::uint64_t>(came);
  if (sum > result.exits)
    result.fault += fmt::format("; {} came between the totals, but the counts read lack {}{}",
                                result.exits, sum, in_words(result.later, vendor));
  return result;
}

Counts counts_at_end(const Snapshot& snapshot) {
  Counts counts{snapshot.end_total, snapshot.total_cycles, {}};
  for (const Reading& reading : snapshot.readings)
    if (reading.latched != 0)
      counts.reasons.push_back({reading.number, reading.latched, reading.cycles});
  std::ranges::sort(counts.reasons, {}, &ReasonCount::number);
  return counts;
}

StepCounts counts_between(const Counts& before, const Counts& after) {
  return {.exits = growth(before.total, after.total),
          .cycles = after.cycles - before.cycles,
          .reasons = differences(before, after)};
}

StepCounts step_counts(const std::optional<Snapshot>& before, const Snapshot& after,
                       const HostSides& host) {
  const Counts earlier = before ? widened(counts_at_end(*before), host.before) : host.before;
  const Counts later = widened(counts_at_end(after), host.after);
  StepCounts step = counts_between(earlier, later);
  step.reader_exits = (before ? before->late_reads : 0) + after.leaf_reads;
  step.clean = (!before || others(*before) == 0) && others(after) == 0;
  return step;
}

}  // namespace lab::exits
