// SPDX-License-Identifier: MIT
// Takes counts on the host's side only, where no reader runs in the guest, or no longer.
#pragma once

#include <span>

#include "orchestrator/exits/snapshot.hpp"
#include "orchestrator/trial/host/host.hpp"

namespace lab::trial {

// Reads the counts of a guest that goes on running; reads again, ten times at most, where an exit
// was just being counted.
exits::HostStats read_consistently(const GuestCounters& counters);

// Combines several VMs as if they were one: adds totals and reasons and numbers the vCPUs
// consecutively. The latch is that of the first VM.
exits::HostStats together(std::span<const exits::HostStats> vms);

// Adds reasons and totals.
exits::Counts sum(const exits::Counts& one, const exits::Counts& other);

}  // namespace lab::trial
