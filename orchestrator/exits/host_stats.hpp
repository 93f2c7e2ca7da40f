// SPDX-License-Identifier: MIT
// The host's view of the same counts: /sys/kernel/debug/kvm/<pid>-<fd>/exit_stats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/layout.hpp"
#include "orchestrator/exits/reasons.hpp"
#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {

struct HostReason {
  std::uint32_t number = 0;
  std::uint64_t exits = 0;
  std::uint64_t cycles = 0;
  std::uint64_t latched = 0;
};

struct HostStats {
  std::string patch_version;
  Vendor vendor = Vendor::vmx;
  Layout layout = Layout::descending;
  std::uint32_t vcpus = 0;
  std::uint64_t total = 0;
  std::uint64_t cycles = 0;
  std::uint64_t kvm_exits = 0;  // KVM's own `exits` statistic
  // As of the guest's last read of T; latch_seq 0: it never read.
  std::uint64_t latch_seq = 0;
  std::uint64_t latch_total = 0;
  std::uint64_t latch_kvm_exits = 0;
  std::vector<HostReason> reasons;
};

// Throws base::Error (infrastructure) on an unknown format version, a malformed
// line or a missing "end" (a cut-off read).
HostStats parse_host_stats(std::string_view text);

// The counts now, and those at the latch (no cycles: the latch holds none).
Counts counts_now(const HostStats& stats);
Counts counts_at_latch(const HostStats& stats);

}  // namespace lab::exits
