// SPDX-License-Identifier: MIT
// Contains the parts of a record that comparisons and lists need: exits by step and reason, small
// enough to read tens of thousands.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
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

// Contains what a list shows of a record.
struct Row {
  std::string id, run, scenario, trial, site;
  std::uint32_t repeat = 1;
  Outcome outcome = Outcome::incomplete;
  std::chrono::system_clock::time_point start_time;  // in milliseconds
  std::optional<std::uint64_t> exits;                // of the first step: the boot

  bool operator==(const Row&) const = default;
};

Row to_row(const Record& record);

// Summarizes one `lab run` (Record::run).
struct RunInfo {
  std::string run;
  std::vector<std::string> scenarios;                // sorted
  std::chrono::system_clock::time_point start_time;  // of its first trial
  std::size_t trials = 0, passed = 0;

  bool operator==(const RunInfo&) const = default;
};

// These encode what comparisons read, for the store only (json/counts_json.cpp).
//
// Writes {"steps":[{"step":"boot","guest":1,"exits":9,"reasons":[48,7,123,2]}],"phases":...} with
// reasons as number, exits, number, exits: half the bytes and a third of the time of pairs.
std::string counts_to_json(const TrialCounts& counts);

// Adds steps and phases. Throws an infrastructure error on anything malformed, as from_json().
void counts_from_json(std::string_view json, TrialCounts& counts);

// Equal conditions give equal texts, as the keys are sorted.
std::string conditions_to_json(const Conditions& conditions);
Conditions conditions_from_json(std::string_view json);

}  // namespace lab::record
