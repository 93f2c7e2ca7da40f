// SPDX-License-Identifier: MIT
#include "orchestrator/exits/snapshot.hpp"

#include <algorithm>
#include <map>

namespace lab::exits {
namespace {

// The guest sees eax: every count of it is modulo 2^32, and so is every difference.
std::uint32_t wrapped(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

std::map<std::uint32_t, ReasonCount> by_number(const Counts& counts) {
  std::map<std::uint32_t, ReasonCount> map;
  for (const ReasonCount& reason : counts.reasons) map[reason.number] = reason;
  return map;
}

ReasonCount difference(const ReasonCount& before, const ReasonCount& after) {
  ReasonCount result{after.number, wrapped(after.exits - before.exits), std::nullopt};
  if (after.cycles) result.cycles = *after.cycles - before.cycles.value_or(0);
  return result;
}

std::vector<ReasonCount> differences(const Counts& before, const Counts& after) {
  auto earlier = by_number(before);
  const auto later = by_number(after);
  std::vector<ReasonCount> result;
  for (const auto& [number, reason] : later) {
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

StepCounts step_counts(const std::optional<Snapshot>& before, const Snapshot& after,
                       Vendor vendor) {
  const Counts earlier = before ? counts_at_end(*before, vendor) : Counts{};
  const Counts later = counts_at_end(after, vendor);
  StepCounts step;
  step.exits = wrapped(later.total - earlier.total);
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
