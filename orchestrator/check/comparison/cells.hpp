// SPDX-License-Identifier: MIT
// Turns trials into samples: the boot is the unit, so each trial gives one value a step and reason.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/base/samples.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::check {

using Counts = std::vector<std::uint64_t>;  // one a trial, in the order of Cell::trials
using CountsByReason = std::map<std::uint32_t, Counts>;  // by number; 0 where it never happened

struct StepSamples {
  std::string step;
  std::uint32_t guest = 1;
  Counts total;
  CountsByReason reasons;

  bool operator==(const StepSamples&) const = default;
};

// Contains the exits between two milestones, by share of time. They show where a change arises and
// are not judged.
struct PhaseSamples {
  std::string phase;
  CountsByReason reasons;

  bool operator==(const PhaseSamples&) const = default;
};

struct Trial {
  std::string id, run;
  std::uint32_t repeat = 1;

  bool operator==(const Trial&) const = default;
};

// Contains the trials of one cell of a scenario's matrix that ran under the same conditions.
struct Cell {
  std::string scenario;
  std::string name;  // "boot-count[paging=shadow]"
  record::Conditions conditions;
  std::vector<Trial> trials;
  std::vector<StepSamples> steps;    // those that all trials have
  std::vector<PhaseSamples> phases;  // likewise

  bool operator==(const Cell&) const = default;
};

struct Gathered {
  std::vector<Cell> cells;            // by scenario and name; in the order of their first trials
  std::vector<std::string> left_out;  // "boot-count#3 (20251121T...): timed_out"
};

// Gathers the passed trials. Also leaves out a trial without counts of a step that most others of
// its cell have.
Gathered gather(std::span<const record::TrialCounts> trials);

// Returns the cell with only these of its trials (indexes, in this order).
Cell slice(const Cell& cell, std::span<const std::size_t> trials);

std::vector<std::string> run_ids(const Cell& cell);  // in the order of their first trials

// Returns the cell with its trials of the run, or (`others`) all but those.
Cell select_run(const Cell& cell, const std::string& run, bool others = false);

base::Samples to_samples(const Counts& counts);

// Returns the values of each run, in the order of their first trials.
std::vector<std::vector<double>> by_run(const Cell& cell, const Counts& counts);

// Returns the vendor in the conditions; throws a user error where it is missing or unknown.
exits::Vendor known_vendor(const Cell& cell);

// Is a key in which two conditions differ, with both values ("" where one is missing). For lists of
// words (cpu_flags, kvm_parameters, module_parameters) that both have, a value contains only the
// words that the other lacks. differences() returns them in the usual order.
struct Difference {
  std::string key, a, b;

  bool operator==(const Difference&) const = default;
};
std::vector<Difference> differences(const record::Conditions& a, const record::Conditions& b);

}  // namespace lab::check
