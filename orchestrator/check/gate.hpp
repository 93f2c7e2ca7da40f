// SPDX-License-Identifier: MIT
// Whether trials are worse than those of a baseline. An alarm needs a difference that is shown
// (corrected p below alpha) and that matters (a floor); silence needs samples that could have
// shown one. What is neither cannot be told.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/check/comparison.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::check {

// The size that matters, where the scenario says nothing else. A change of a reason matters when
// it is `total` of its step's total, or `reason` of itself where it has `many` exits.
struct Floors {
  double total = 0.01;
  double reason = 0.05;
  double many = 1000;
  std::vector<scenario::Floor> own;  // the scenario's
};

// Whether the row's change could be as large as its floor: the far end of the difference's interval
// reaches it. (By the median alone a change of just the floor's size would be missed every other
// time.) Both sides have that vendor.
bool matters(const Row& row, const Floors& floors, exits::Vendor vendor);

// Whether the gate looks at the row at all: totals, and reasons that are large enough to matter
// or have a floor of their own.
bool is_judged(const Row& row, const Floors& floors, exits::Vendor vendor);

struct GateOptions {
  double alpha = 0.01;                                 // of a false alarm in the whole check
  std::set<std::string> across;                        // conditions that may differ
  std::vector<std::pair<std::string, Floors>> floors;  // by scenario; default ones elsewhere
};

struct Finding {
  Row row;
  std::string where;  // "83 % of it in kernel → init"; empty: not known
  std::string cause;  // what commonly changes such exits
};

struct CellJudgement {
  Comparison comparison;
  std::vector<Finding> regressions, improvements;  // largest first
  std::vector<std::string> cannot_tell;            // why nothing else can be said
};

enum class Judgement { passed, regressed, cannot_tell };

struct Verdict {
  std::vector<CellJudgement> cells;
  std::vector<std::string> cannot_tell;  // of cells that have no partner

  // A regression outweighs what cannot be told, and that what passed.
  Judgement judgement() const;
};

Verdict judge(const std::vector<Cell>& baseline, const std::vector<Cell>& trials,
              const GateOptions& options);

// Suspected regressions, tried again by new trials of both sides: shown again; shown to be smaller
// than what matters; or neither.
struct Confirmation {
  std::vector<Finding> confirmed, refuted;
  std::vector<std::string> cannot_tell;  // one each, in words
};
Confirmation confirm(const std::vector<Finding>& suspected, const Cell& a, const Cell& b,
                     const GateOptions& options);

// New trials that a check of these cells needs, so that it can show something; 1 where they are
// deterministic; nullopt where the baseline has so few that no number of new ones would do.
std::optional<std::size_t> trials_for(const std::vector<Cell>& baseline,
                                      const GateOptions& options);

// Trials a side that are needed so that `tests` of them at once can show anything.
std::size_t trials_needed(double alpha, std::size_t tests);

// "a device, or more output on the console (one exit a byte)".
std::string likely_cause(exits::Category category);

}  // namespace lab::check
