// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/host_counts.hpp"

#include <algorithm>
#include <numeric>

namespace lab::trial {
namespace {

std::uint64_t sum_of_reasons(const exits::HostStats& stats) {
  return std::accumulate(
      stats.reasons.begin(), stats.reasons.end(), std::uint64_t{0},
      [](std::uint64_t sum, const exits::HostReason& reason) { return sum + reason.exits; });
}

void add(exits::HostCounts& to, const exits::HostCounts& other) {
  to.exits += other.exits;
  to.cycles += other.cycles;
  to.to_entry += other.to_entry;
  to.fastpath += other.fastpath;
  to.nested += other.nested;
}

void add_reason(exits::HostStats& to, const exits::HostReason& reason) {
  const auto found = std::ranges::find(to.reasons, reason.number, &exits::HostReason::number);
  if (found == to.reasons.end()) {
    to.reasons.push_back(reason);
    return;
  }
  add(*found, reason);
  for (const auto& [bucket, count] : reason.histogram) found->histogram[bucket] += count;
}

}  // namespace

exits::HostStats read_consistently(const GuestCounters& counters) {
  exits::HostStats stats = counters.read();
  for (int i = 0; i < 10 && sum_of_reasons(stats) != stats.total.exits; ++i)
    stats = counters.read();
  return stats;
}

exits::Counts sum(const exits::Counts& one, const exits::Counts& other) {
  exits::Counts result{one.total + other.total, one.cycles + other.cycles, {}};
  exits::ByNumber reasons = exits::by_number(one);
  for (const exits::ReasonCount& reason : other.reasons) {
    exits::ReasonCount& there = reasons[reason.number];
    there.number = reason.number;
    there.exits += reason.exits;
    if (reason.cycles) there.cycles = there.cycles.value_or(0) + *reason.cycles;
  }
  for (const auto& [number, reason] : reasons) result.reasons.push_back(reason);
  return result;
}

exits::HostStats together(std::span<const exits::HostStats> vms) {
  exits::HostStats all = vms.front();
  for (const exits::HostStats& vm : vms.subspan(1)) {
    add(all.total, vm.total);
    all.failed_entries += vm.failed_entries;
    all.kvm_exits += vm.kvm_exits;
    all.stray_exits += vm.stray_exits;
    for (const exits::HostReason& reason : vm.reasons) add_reason(all, reason);
    for (exits::HostVcpu vcpu : vm.by_vcpu) {
      vcpu.id += all.vcpus;
      all.by_vcpu.push_back(std::move(vcpu));
    }
    all.vcpus += vm.vcpus;
  }
  return all;
}

}  // namespace lab::trial
