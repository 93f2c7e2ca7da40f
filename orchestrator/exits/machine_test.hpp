// SPDX-License-Identifier: MIT
// Simulates a machine for tests, its snapshots and its host's counts.
#pragma once

#include <algorithm>
#include <map>
#include <optional>

#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {

// Returns the exits of "total", of a reason's name or of its number: zero where it never happened,
// nullopt where this vendor has no such reason.
inline std::optional<std::uint64_t> find_count(const StepCounts& counts, Vendor vendor,
                                               std::string_view reason) {
  if (reason == "total") return counts.exits;
  const auto number = parse_reason(vendor, reason);
  if (!number) return std::nullopt;
  const auto found = std::ranges::find(counts.reasons, *number, &ReasonCount::number);
  return found == counts.reasons.end() ? 0 : found->exits;
}

// Is a virtual machine that counts as the patch does: every leaf read is a CPUID exit, counted
// first, and a read of the total latches all counts as of that exit.
class Machine {
 public:
  using Map = std::map<std::uint32_t, std::uint64_t>;

  explicit Machine(std::uint64_t start = 0) { count_[1] = start; }
  void exit(std::uint32_t number, std::uint64_t times = 1) { count_[number] += times; }
  std::uint64_t total() const { return sum(count_); }

  // Reads as the reader does: T, every nonzero count, T, the latched counts. After each read there
  // is an exit of number `disturbance`.
  Snapshot snapshot(std::uint32_t disturbance = 0) {
    const std::uint64_t before = reads_;
    Snapshot result;
    const auto read = [&] {
      if (disturbance && reads_ != before) exit(disturbance);
      exit(10);
      ++reads_;
    };
    read();
    result.start_total = std::uint32_t(total());
    for (const auto& [number, count] : Map(count_)) {
      if (count == 0) continue;
      read();
      result.readings.push_back({number, 0, std::uint32_t(count_[number]), count * 10});
    }
    read();
    kept_ = count_;
    result.end_total = std::uint32_t(total());
    result.own_exits = std::uint32_t(result.readings.size() + 1);
    result.attempts = 1;
    result.total_cycles = total() * 10;
    result.leaf_reads = reads_ - before;
    for (Reading& reading : result.readings) {
      read();
      reading.latched = std::uint32_t((*kept_)[reading.number]);
    }
    if (disturbance && !has(result, disturbance)) {  // it first happened only then
      read();
      result.readings.push_back({disturbance, std::uint32_t((*kept_)[disturbance]), {}, 10});
    }
    result.late_reads = reads_ - before - result.leaf_reads;
    return result;
  }
  HostStats host() const {
    const Map& kept = kept_ ? *kept_ : count_;
    HostStats stats;
    stats.vendor = Vendor::vmx;
    stats.total.exits = stats.kvm_exits = total();
    stats.latch_total = stats.latch_kvm_exits = stats.latch_later_kvm_exits = sum(kept);
    stats.latch_seq = 1;
    for (const auto& [number, count] : count_) {
      const auto then = kept.find(number);
      stats.reasons.push_back({{.exits = count, .cycles = count * 10},
                               number,
                               "",
                               then == kept.end() ? 0 : then->second,
                               {}});
    }
    return stats;
  }

 private:
  static bool has(const Snapshot& snapshot, std::uint32_t number) {
    return std::ranges::find(snapshot.readings, number, &Reading::number) !=
           snapshot.readings.end();
  }
  static std::uint64_t sum(const Map& counts) {
    std::uint64_t sum = 0;
    for (const auto& [number, count] : counts) sum += count;
    return sum;
  }

  Map count_;
  std::optional<Map> kept_;
  std::uint64_t reads_ = 0;
};

inline Check against(const Snapshot& snapshot, const HostStats& host) {
  return check_guest_host("host", std::nullopt, snapshot, host);
}

}  // namespace lab::exits
