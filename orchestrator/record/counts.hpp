// SPDX-License-Identifier: MIT
// Contains the part of a record that comparisons need: exits by step and reason, small enough to
// read tens of thousands.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::record {

struct StepCounts {
  std::string step;
  std::uint32_t guest = 1;
  std::uint64_t exits = 0;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> reasons;  // number, exits; ascending

  bool operator==(const StepCounts&) const = default;
};

// Contains the exits between two milestones of the timeline, by share of time ("kernel → init").
struct PhaseCounts {
  std::string phase;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> reasons;  // number, exits; ascending

  bool operator==(const PhaseCounts&) const = default;
};

struct TrialCounts {
  std::string id, run, scenario, trial;
  std::uint32_t repeat = 1;
  Outcome outcome = Outcome::incomplete;
  // Without start_time and repeat, as comparable trials have equal ones. Shared, never null.
  std::shared_ptr<const Conditions> conditions;
  std::vector<StepCounts> steps;    // those that have counts, in the record's order
  std::vector<PhaseCounts> phases;  // none without a timeline

  bool operator==(const TrialCounts&) const;
};

TrialCounts to_counts(const Record& record);

// Returns the record's conditions without those that differ between any two trials, and without the
// node where counts do not depend on it.
Conditions comparable(Conditions conditions);

// Returns "boot-count[paging=shadow]" for "boot-count[paging=shadow]#2".
std::string_view cell_name(std::string_view trial);

}  // namespace lab::record
