// SPDX-License-Identifier: MIT
// What exits/traced/traced_details.cpp and traced_memory.cpp share: how many events each detail may
// have, against how many it had.
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

// Events that a detail must have, and may have.
struct Bounds {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

struct Expected {
  std::map<std::uint64_t, Bounds> details;
  std::uint64_t of_any = 0;  // so many more events all details together may have
};

// Raises both, the upper one up to unbounded_events.
void widen(Bounds& bounds, std::uint64_t least, std::uint64_t most);

// How a cause of `exits` exits adds to what is expected.
using Expect = std::function<void(Expected&, const CauseKey&, std::uint64_t exits)>;

// What `add` makes of all causes of these numbers. Causes that were lost, and what KVM emulates
// without an exit, may be of any detail.
Expected expect(const CausedDetails& caused, const Numbers& numbers, const Expect& add);

// 0 for an exit of the guest's own guest: it is mostly its hypervisor's, which no tracepoint sees.
std::uint64_t least_exits(const CauseKey& key, std::uint64_t exits);

// "at rest: NAME"; the detail names the details that differ.
Check compare_events(const std::string& name, const std::string& tracepoint, Expected expected,
                     const TracedDetails::Events& traced);

// traced_memory.cpp
Check check_memory(const CausedDetails& caused, const TracedDetails& traced);
Check check_mmio(const CausedDetails& caused, const TracedDetails& traced);

}  // namespace lab::exits
