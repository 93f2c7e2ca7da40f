// SPDX-License-Identifier: MIT
// Reads the host's view of the same counts: /sys/kernel/debug/kvm/<pid>-<fd>/exit_stats.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/layout.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {

// Says whose exits the guest's leaves and the latch count: one VM's, or all VMs' since the modules
// were loaded. Everything else in HostStats is the VM's own.
enum class Scope { vm, host };

// Contains the counts of one reason or of all, since the VM was created.
struct HostCounts {
  std::uint64_t exits = 0;  // nested ones included
  std::uint64_t cycles = 0;
  std::uint64_t to_entry = 0;  // cycles from the exit to the next entry
  std::uint64_t fastpath = 0;  // exits that KVM's fastpath handled
  std::uint64_t nested = 0;    // exits of the guest's own guests

  bool operator==(const HostCounts&) const = default;
};

struct HostReason : HostCounts {
  std::uint32_t number = 0;
  std::string name;           // the kernel's own
  std::uint64_t latched = 0;  // exits at the latch
  // Of the handler's cycles: bucket b counts exits with 2^b to 2^(b+1) - 1. Empty unless enabled.
  std::map<std::uint32_t, std::uint64_t> histogram;

  bool operator==(const HostReason&) const = default;
};

struct HostVcpu {
  std::uint32_t id = 0;
  std::uint64_t exits = 0;
  std::uint64_t cycles = 0;
  std::uint64_t to_entry = 0;
  std::uint64_t kvm_exits = 0;
  std::map<std::uint32_t, HostCounts> reasons;  // by number

  bool operator==(const HostVcpu&) const = default;
};

struct HostStats {
  std::string patch_version;
  Vendor vendor = Vendor::vmx;
  Layout layout = Layout::descending;
  Scope scope = Scope::vm;
  std::uint32_t vcpus = 0;
  HostCounts total;
  std::uint64_t failed_entries = 0;
  std::uint64_t kvm_exits = 0;  // KVM's own `exits` statistic, without its stray counts
  // Counted by this kernel's statistic though no exits; negative where it misses exits.
  std::int64_t stray_exits = 0;
  // The latch's values are as of the guest's last read of T; latch_seq is 0 where it never read.
  std::uint64_t latch_seq = 0;
  std::uint64_t latch_total = 0;
  std::uint64_t latch_kvm_exits = 0;        // taken before the counts of other vCPUs,
  std::uint64_t latch_later_kvm_exits = 0;  // and after them
  std::vector<HostReason> reasons;
  std::vector<HostVcpu> by_vcpu;
};

// Throws an infrastructure error on an unknown format version, a malformed line or a missing "end"
// (a cut-off read). Ignores unknown lines and keys.
HostStats parse_host_stats(std::string_view text);

// Return the counts now, and those at the latch (without cycles, which the latch does not contain).
Counts counts_now(const HostStats& stats);
Counts counts_at_latch(const HostStats& stats);

std::string_view to_string(Scope scope);

}  // namespace lab::exits
