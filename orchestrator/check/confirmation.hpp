// SPDX-License-Identifier: MIT
// Confirms suspicions by new trials before they are called regressions.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/gate.hpp"

namespace lab::check {

// Returns the cell's regressions, and increases that only its baseline's runs explain.
std::vector<Finding> suspicions(const CellJudgement& judgement);

// Returns the number of new trials a side that a confirmation of the cell's suspicions needs.
std::size_t trials_to_confirm(const CellJudgement& judgement, const GateOptions& options);

// Sorts suspicions after new trials of both sides: those shown again, those shown to be smaller
// than a pass excludes, and those for which neither is shown.
struct Confirmation {
  std::vector<Finding> confirmed, refuted;
  std::vector<std::string> cannot_tell;  // one sentence each
};
Confirmation confirm(const std::vector<Finding>& suspected, const Cell& a, const Cell& b,
                     const GateOptions& options);

// Replaces the suspicions by the confirmation's results. `same_on_both_sides` says that no
// condition differs from the baseline, so that a confirmed difference has its cause elsewhere (a
// machine that is slow tonight): it is no regression, and no pass either. Exact counts depend on
// nothing else, so that with them it is a regression.
void settle(CellJudgement& judgement, const Confirmation& confirmation, bool same_on_both_sides);

}  // namespace lab::check
