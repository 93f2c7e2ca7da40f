// SPDX-License-Identifier: MIT
// Judges whether trials are worse than those of a baseline. An alarm needs a difference that is
// significant (corrected p below alpha), matters (a floor) and is no mere difference between runs.
// A pass needs samples that exclude a change of some floors. A cell that is neither gets the
// verdict `cannot_tell`.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"
#include "orchestrator/check/comparison/floors.hpp"
#include "orchestrator/check/comparison/resolution.hpp"

namespace lab::check {

struct GateOptions {
  double alpha = 0.01;  // probability of a false alarm in the whole check
  // A pass excludes changes of so many floors: 5 % of a total, 25 % of a reason with many exits.
  double excluded = 5;
  std::set<std::string> across;                        // conditions that may differ
  std::vector<std::pair<std::string, Floors>> floors;  // by scenario; default ones elsewhere
};

const Floors& scenario_floors(const GateOptions& options, const std::string& scenario);

struct Finding {
  Row row;
  std::string where;  // "83 % of it in kernel → init"; empty: unknown
  std::string cause;  // what commonly changes such exits
  // For a reason whose step's total has not grown: a reason with about as many exits fewer, as "MSR
  // of boot: -6012 exits". The work has moved, then; cycles show whether that costs more.
  std::string moved;
  std::vector<CauseChange> changed;  // by name_causes(): the causes that changed, largest first
};

// Makes a finding of a row of a and b.
Finding make_finding(const Row& row, const Comparison& comparison, const Cell& a, const Cell& b);

// Returns whether one of the findings has the row's subject.
bool is_among(const std::vector<Finding>& findings, const Row& row);

struct CellJudgement {
  Comparison comparison;
  std::vector<Finding> regressions, improvements;  // largest first
  // Rows with more exits than the baseline, by no more than its own runs differ: only alternating
  // trials of both can decide (confirmation.hpp).
  std::vector<Finding> suspected;
  std::vector<Finding> below_floor;      // exact: counts whose difference does not matter
  std::vector<Resolution> resolution;    // of the rows that were judged; none where exact
  std::vector<std::string> cannot_tell;  // why nothing else can be said
};

enum class Judgement { passed, regressed, cannot_tell };

struct Verdict {
  std::vector<CellJudgement> cells;
  std::vector<std::string> cannot_tell;  // of cells that have no partner

  // A regression outweighs cannot_tell, and that outweighs a pass.
  Judgement judgement() const;
};

Verdict judge(const std::vector<Cell>& baseline, const std::vector<Cell>& trials,
              const GateOptions& options);

// Describes a suspicion: "IOIO of boot: the baseline's own runs differ, and another may have 980 …
// 1,120 exits: …".
std::string other_run_text(const Row& row);

// Adds the causes that changed to the judgement: to its comparison and to each finding.
void name_causes(CellJudgement& judgement, std::span<const record::Record> a,
                 std::span<const record::Record> b);

// Returns "a device, or more output on the console (one exit a byte)".
std::string likely_cause(exits::Category category);

}  // namespace lab::check
