// SPDX-License-Identifier: MIT
// A suspected regression is tried again before it is called one.
#pragma once

#include <string>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/cli/trial_runner.hpp"

namespace lab::cli {

// One suspicious cell: what the baseline says of it, and how it is run now.
struct Suspicion {
  const check::CellJudgement& judgement;
  const check::Entry& baseline;
  const scenario::TrialPlan& plan;
  std::string run;  // the one that raised it
};

struct ConfirmedOrNot {
  check::Confirmation confirmation;
  std::string how;  // "6 trials as the baseline's and 6 as now, in turn"
};

// Where the baseline's conditions differ and its plan and kernel are at hand, both are run in turn
// (A B B A ...), an outer VM each; else as many new trials as now are put beside the baseline's.
ConfirmedOrNot confirm(const Suspicion& suspicion, const check::GateOptions& gate,
                       const TrialOptions& options);

}  // namespace lab::cli
