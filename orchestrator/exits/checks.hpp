// SPDX-License-Identifier: MIT
// Checks that the independent views of the counts agree, exit for exit.
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
  std::string note{};  // worth mentioning even if the check is ok

  bool operator==(const Check&) const = default;
};

// Checks that the sum over the reasons = total, modulo 2^32.
Check check_sum(std::string name, const StepCounts& counts);
Check check_sum(std::string name, const Counts& counts);

// Checks that the guest's counts at the end of its last snapshot = the host's latch of that exit:
// total and every reason, modulo 2^32 (the guest sees 32 bits). The reads of both snapshots must be
// possible: equal where nothing came between them, else in the interval that Between describes. The
// note reports what came between.
Check check_guest_host(std::string name, const std::optional<Snapshot>& before,
                       const Snapshot& after, const HostStats& host);

// Checks that our total = KVM's own `exits` statistic: at the latch, or now where the guest never
// read. Other vCPUs continue counting while they are read: then our total must lie between KVM's
// counts before and after that, give or take one exit a vCPU that is being counted.
Check check_kvm_statistic(std::string name, const HostStats& host);

// Checks that our total = KVM's file `exits` without its stray counts, with the guest at rest.
Check check_kvm_file(std::string name, const HostStats& host, std::uint64_t kvm_exits);

// Checks that min <= value <= max; an absent value is never ok. `left` is the value, `right` the
// bound that decides.
Check check_bounds(std::string name, std::optional<std::uint64_t> value,
                   std::optional<std::uint64_t> min, std::optional<std::uint64_t> max);

}  // namespace lab::exits
