// SPDX-License-Identifier: MIT
// Checks that the independent views agree when the guests are at rest.
#pragma once

#include "orchestrator/trial/steps.hpp"

namespace lab::trial {

// Brings the guests that have not ended to rest and compares. The host's counts of all guests go
// into the record. `trace` and `log` (begun before the guests ran) may be empty.
void check_at_rest(TrialState& state, const Guests& guests, Watch& watch, const ExitTrace& trace,
                   const KernelLines& log);

// Compares what a guest whose leaves count the whole host read last with the exits of the others,
// which were at rest then, and its own: before that reading was requested, and later. `readings` is
// the number of exits that the reading itself caused.
exits::Check check_scope_sum(const exits::Counts& latch, const exits::Counts& others,
                             const exits::Counts& own_before, const exits::Counts& own_after,
                             std::uint64_t readings);

// Compares the count of every exit reason with the tracepoint's.
exits::Check check_tracepoint(const exits::HostStats& all, const exits::Counts& created,
                              const std::map<std::uint32_t, std::uint64_t>& traced);

}  // namespace lab::trial
