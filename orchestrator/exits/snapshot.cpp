// SPDX-License-Identifier: MIT
#include "orchestrator/exits/snapshot.hpp"

#include <algorithm>
#include <map>

namespace lab::exits {
namespace {

// Counts only grow. What seems to shrink has 32 bits and wrapped (or is a lie).
std::uint64_t growth(std::uint64_t before, std::uint64_t after) {
  return after >= before ? after - before : wrapped(after - before);
}

using ByNumber = std::map<std::uint32_t, ReasonCount>;

ByNumber by_number(const Counts& counts) {
  ByNumber map;
  for (const ReasonCount& reason : counts.reasons) map[reason.number] = reason;
  return map;
}

// All counts made 64 bits wide by the host's near them. A number that only the host has is one
// whose low bits are zero just now, which the guest takes for one that never happened.
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
  // A number that was there and is gone: its counter wrapped to exactly zero.
  for (const auto& [number, reason] : earlier) {
    const std::uint32_t change = wrapped(0 - reason.exits);
    if (change != 0) result.push_back({number, change, std::nullopt});
  }
  std::ranges::sort(result, {}, &ReasonCount::number);
  return result;
}

}  // namespace

std::uint64_t nearest(std::uint32_t seen, std::uint64_t host) {
  const auto shift = static_cast<std::int32_t>(seen - wrapped(host));
  const std::uint64_t value = host + static_cast<std::uint64_t>(std::int64_t{shift});
  return shift < 0 && value > host ? seen : value;  // below zero: there is no such value
}

Counts counts_at_end(const Snapshot& snapshot, Vendor vendor) {
  Counts counts{snapshot.end_total, snapshot.total_cycles, {}, snapshot.clean};
  counts.disturbed = wrapped(snapshot.end_total - snapshot.start_total - snapshot.own_exits);
  const std::size_t k = snapshot.reasons.size();
  for (std::size_t i = 0; i < k; ++i) {
    ReasonCount reason = snapshot.reasons[i];
    // Position p = i + 1 of k: the k - p reads after it and the read of T2 came later.
    if (reason.number == cpuid_number(vendor)) reason.exits = wrapped(reason.exits + k - i);
    if (reason.exits != 0) counts.reasons.push_back(reason);
  }
  std::ranges::sort(counts.reasons, {}, &ReasonCount::number);
  return counts;
}

StepCounts step_counts(const std::optional<Snapshot>& before, const Snapshot& after, Vendor vendor,
                       const HostSides& host) {
  const Counts earlier =
      before ? widened(counts_at_end(*before, vendor), host.before) : host.before;
  const Counts later = widened(counts_at_end(after, vendor), host.after);
  StepCounts step;
  step.exits = growth(earlier.total, later.total);
  step.cycles = later.cycles - earlier.cycles;
  step.reasons = differences(earlier, later);
  step.reader_exits_complete = after.leaf_reads.has_value();
  // Without the reader's own word, only the last round of reads is known: T and own_exits.
  step.reader_exits = after.leaf_reads.value_or(std::uint64_t{after.own_exits} + 1);
  step.clean = earlier.exact && later.exact;
  step.disturbed = earlier.disturbed + later.disturbed;
  return step;
}

std::optional<std::uint64_t> count_of(const StepCounts& counts, Vendor vendor,
                                      std::string_view reason) {
  if (reason == "total") return counts.exits;
  const auto number = parse_reason(vendor, reason);
  if (!number) return std::nullopt;
  const auto found = std::ranges::find(counts.reasons, *number, &ReasonCount::number);
  return found == counts.reasons.end() ? 0 : found->exits;
}

}  // namespace lab::exits
