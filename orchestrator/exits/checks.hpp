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

  bool operator==(const Check&) const = default;
};

// With one vCPU all of these are equalities. Several vCPUs go on exiting while one of them reads,
// so there the sides may differ by the exits that are known to have come in between, and by two for
// each other vCPU whose counts are being read; the detail states the number.

// Sum over the reasons = total.
Check check_sum(std::string name, const StepCounts& counts, std::uint32_t vcpus = 1);
Check check_sum(std::string name, const Counts& counts, std::uint32_t vcpus = 1);

// The guest's snapshot = the host's latch taken at the snapshot's last read:
// total and every reason, modulo 2^32 (the guest sees 32 bits). Not ok when the
// snapshot was not clean or the latch was never taken.
Check check_guest_host(std::string name, const Snapshot& guest, const HostStats& host);

// Our total = KVM's own `exits` statistic: at the latch, or now where the guest never read.
Check check_kvm_statistic(std::string name, const HostStats& host);

// Our total = KVM's file `exits` without its stray counts, the guest at rest.
Check check_kvm_file(std::string name, const HostStats& host, std::uint64_t kvm_exits);

// min <= value <= max; an absent value is never ok. `left` is the value, `right` the bound that
// counts.
Check check_bounds(std::string name, std::optional<std::uint64_t> value,
                   std::optional<std::uint64_t> min, std::optional<std::uint64_t> max);

}  // namespace lab::exits
