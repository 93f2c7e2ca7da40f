// SPDX-License-Identifier: MIT
// Self-checks of counts: do the independent views agree, exit for exit?
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {

struct Check {
  std::string name;
  bool ok = false;
  std::optional<std::uint64_t> left;  // absent: there was nothing to compare
  std::optional<std::uint64_t> right;
  std::string detail;  // what left and right are; when they differ, where
  std::string note{};  // what is worth a word though it be well

  bool operator==(const Check&) const = default;
};

// Sum over the reasons = total, modulo 2^32.
Check check_sum(std::string name, const StepCounts& counts);
Check check_sum(std::string name, const Counts& counts);

// The guest's counts at the end of its last snapshot = the host's latch of that exit: total and
// every reason, modulo 2^32 (the guest sees 32 bits). What both snapshots read on the way must be
// possible: equal where nothing came between their reads, else in the interval that Between
// describes. The note says what came between.
Check check_guest_host(std::string name, const std::optional<Snapshot>& before,
                       const Snapshot& after, const HostStats& host);

// Our total = KVM's own `exits` statistic: at the latch, or now where the guest never read. Other
// vCPUs go on counting while they are read: then it lies between KVM's count before and after that,
// give or take one exit a vCPU that is being counted.
Check check_kvm_statistic(std::string name, const HostStats& host);

// Our total = KVM's file `exits` without its stray counts, the guest at rest.
Check check_kvm_file(std::string name, const HostStats& host, std::uint64_t kvm_exits);

// min <= value <= max; an absent value is never ok. `left` is the value, `right` the bound that
// counts.
Check check_bounds(std::string name, std::optional<std::uint64_t> value,
                   std::optional<std::uint64_t> min, std::optional<std::uint64_t> max);

}  // namespace lab::exits
