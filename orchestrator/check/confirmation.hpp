// SPDX-License-Identifier: MIT
// What is suspected is tried again before it is called a regression.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/gate.hpp"

namespace lab::check {

// The cell's regressions, and what only its baseline's runs explain.
std::vector<Finding> suspicions(const CellJudgement& judgement);

// New trials that a confirmation of the cell's suspicions needs, of each side.
std::size_t trials_to_confirm(const CellJudgement& judgement, const GateOptions& options);

// Suspicions, tried again by new trials of both sides: shown again; shown to be smaller than what
// a pass excludes; or neither.
struct Confirmation {
  std::vector<Finding> confirmed, refuted;
  std::vector<std::string> cannot_tell;  // one each, in words
};
Confirmation confirm(const std::vector<Finding>& suspected, const Cell& a, const Cell& b,
                     const GateOptions& options);

// Puts what the confirmation says in the place of the suspicions. `same_on_both_sides`: nothing is
// known to differ from the baseline, so that a confirmed difference has its cause elsewhere (a
// machine that is slow tonight): no regression, and no pass either. Exact counts depend on nothing
// else, so that theirs is a regression.
void settle(CellJudgement& judgement, const Confirmation& confirmation, bool same_on_both_sides);

}  // namespace lab::check
