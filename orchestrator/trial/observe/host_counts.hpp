// SPDX-License-Identifier: MIT
// Counts taken on the host's side only: where no reader runs in the guest, or none any more.
#pragma once

#include <span>

#include "orchestrator/exits/snapshot.hpp"
#include "orchestrator/trial/host/host.hpp"

namespace lab::trial {

// The counts of a guest that goes on running: read again, a few times at most, where an exit was
// just being counted.
exits::HostStats read_consistently(const GuestCounters& counters);

// What came from one moment to another.
exits::StepCounts counts_between(const exits::Counts& before, const exits::Counts& after);

// Several VMs as if they were one: totals and reasons added up, their vCPUs numbered through.
// The latch is the first one's.
exits::HostStats together(std::span<const exits::HostStats> vms);

// Adds reasons and totals.
exits::Counts sum(const exits::Counts& one, const exits::Counts& other);

}  // namespace lab::trial
