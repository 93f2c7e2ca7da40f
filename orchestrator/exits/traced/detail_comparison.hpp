// SPDX-License-Identifier: MIT
// Compares the number of events that each detail may have with the number it had; for
// exits/traced/traced_details.cpp and traced_memory.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "orchestrator/exits/traced/traced_details.hpp"

namespace lab::exits {

using Numbers = std::set<std::uint32_t>;

inline constexpr std::uint64_t unbounded_events = UINT64_MAX;

// Bounds the events of a detail: those it must have, and those it may have.
struct Bounds {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

struct Expected {
  std::map<std::uint64_t, Bounds> details;
  std::uint64_t of_any = 0;  // additional events that all details together may have
};

// Adds to both bounds; the upper one stays at unbounded_events.
void widen(Bounds& bounds, std::uint64_t least, std::uint64_t most);

// Adds a cause of `exits` exits to what is expected.
using Expect = std::function<void(Expected&, const CauseKey&, std::uint64_t exits)>;

// Returns what `add` expects of all causes of these numbers. Lost causes, and what KVM emulates
// without an exit, may have any detail.
Expected expect(const CausedDetails& caused, const Numbers& numbers, const Expect& add);

// Returns 0 for exits of the guest's own guest: its hypervisor handles most, untraced.
std::uint64_t least_exits(const CauseKey& key, std::uint64_t exits);

// Returns the check "at rest: NAME", whose text lists the details that differ.
Check compare_events(const std::string& name, const std::string& tracepoint, Expected expected,
                     const TracedDetails::Events& traced);

// traced_memory.cpp defines these.
Check check_memory(const CausedDetails& caused, const TracedDetails& traced);
Check check_mmio(const CausedDetails& caused, const TracedDetails& traced);

}  // namespace lab::exits
