// SPDX-License-Identifier: MIT
// Do the independent views agree when the guests are at rest?
#pragma once

#include "orchestrator/trial/steps.hpp"

namespace lab::trial {

// Brings all guests to rest (where they have not ended by themselves) and compares; the host's view
// of all of them becomes the record's. `trace` and `log` (from before they ran) may be empty.
void check_at_rest(TrialState& state, const Guests& guests, Watch& watch, const ExitTrace& trace,
                   const KernelLines& log);

// What a guest whose leaves count the whole host read last, against the counts of the others, which
// were at rest then, and those that it had itself: before that reading was asked for, and later.
// `readings`: exits that the reading itself caused.
exits::Check check_scope_sum(const exits::Counts& latch, const exits::Counts& others,
                             const exits::Counts& own_before, const exits::Counts& own_after,
                             std::uint64_t readings);

// Every reason's count against the tracepoint's.
exits::Check check_tracepoint(const exits::HostStats& all, const exits::Counts& created,
                              const std::map<std::uint32_t, std::uint64_t>& traced);

}  // namespace lab::trial
