// SPDX-License-Identifier: MIT
// Defines what the watchers of a trial get about its guests' exits from time to time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::trial {

inline constexpr std::size_t max_live_causes = 10;
inline constexpr std::size_t max_cause_text = 256;  // bytes

// Contains the exits of the running guests so far, summed over all guests.
struct Sample {
  struct Reason {
    std::uint32_t number = 0;
    std::uint64_t exits = 0, cycles = 0;

    bool operator==(const Reason&) const = default;
  };
  struct Cause {
    std::uint32_t number = 0;  // of the exit reason
    std::string text;          // "DETAIL, PLACE"
    std::uint64_t exits = 0;

    bool operator==(const Cause&) const = default;
  };
  // Counts the exits between two readings of the causes, which may be seconds apart.
  struct Causes {
    std::uint64_t exits = 0;     // of all causes
    std::vector<Cause> leading;  // most exits first, at most max_live_causes

    bool operator==(const Causes&) const = default;
  };
  std::optional<exits::Vendor> vendor;
  bool emulated = false;
  std::uint64_t exits = 0;
  std::vector<Reason> reasons;   // only in some samples; omits those that did not happen
  std::optional<Causes> causes;  // only with reasons, where causes are counted

  bool operator==(const Sample&) const = default;
};

}  // namespace lab::trial
