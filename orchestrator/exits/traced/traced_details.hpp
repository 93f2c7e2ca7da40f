// SPDX-License-Identifier: MIT
// Compares causes of exits with the kernel's own tracepoints, which report what the emulation of an
// exit was about. The functions are pure; kvm/detail_tracepoints.hpp reads the tracepoints.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "orchestrator/exits/causes.hpp"
#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/layout.hpp"

namespace lab::exits {

// Counts the events of all VMs of the machine. Keys have the bits of a cause's detail
// (kvm-patch/README.md) unless noted.
struct TracedDetails {
  using Events = std::map<std::uint64_t, std::uint64_t>;
  using PairEvents = std::map<std::array<std::uint64_t, 2>, std::uint64_t>;

  Events pio;  // without the bits of string instructions, which the tracepoint does not distinguish
  Events msr;
  Events cpuid;  // leaf in bits 0-31, the value of ecx in bits 32-63
  Events cr;
  PairEvents page_faults;  // address; error code (SVM, shadow paging) or qualification (VMX)
  PairEvents mmio;         // guest-physical address; 0 unsatisfied read, 1 read, 2 write
  Events fast_mmio;        // by address: writes that an eventfd took
  // Address; error code: exits (SVM) at a device's page whose EXITINTINFO still has an event's
  // type.
  PairEvents delivering;
  bool has_decode_assists = false;  // the processor names the register of a CR access (SVM)

  bool operator==(const TracedDetails&) const = default;
};

// Contains the causes of all VMs since the tracepoints count.
struct CausedDetails {
  Vendor vendor = Vendor::vmx;
  Layout layout = Layout::descending;
  bool leaves_answer = true;  // always, for every reader (exit_leaves=on)
  Causes causes;
};

// Makes one check a tracepoint: each detail's exits = its events. Where a tracepoint leaves events
// out, or counts them more than once, the check uses bounds; the comments in the source explain
// them. `left` is the least number of events that there must be, `right` how many there were.
std::vector<Check> check_details(const CausedDetails& caused, const TracedDetails& traced);

}  // namespace lab::exits
