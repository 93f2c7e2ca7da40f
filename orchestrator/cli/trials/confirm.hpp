// SPDX-License-Identifier: MIT
// A suspected regression is tried again before it is called one.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/check/confirmation.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"

namespace lab::cli {

// One suspicious cell: what the baseline says of it, its trials, and how it is run now.
struct Suspicion {
  const check::CellJudgement& judgement;
  const check::Entry& baseline;
  const check::Cell& trials;
  const scenario::TrialPlan& plan;
};

struct ConfirmedOrNot {
  check::Confirmation confirmation;
  std::string how;  // "8 trials as the baseline's and 8 as now, in turn"
  // Neither a condition nor the plan differs from the baseline's, so that nothing could be run in
  // turn with the new trials.
  bool same_on_both_sides = false;
  bool all_stored = true;  // false where a record lies beside the store
  // One trial a side with the causes of its exits, where something was confirmed and both sides
  // could be run.
  std::vector<record::Record> causes_before, causes_now;
};

// Whether both plans run the same guest through the same steps; their names, numbers, time limits
// and expectations aside, and kernel and exact, which are conditions.
bool is_same_work(scenario::TrialPlan one, scenario::TrialPlan other);

// Where the baseline's conditions or its plan differ and its plan and kernel are at hand, both are
// run in turn (A B B A ...), an outer VM each; else as many new trials as now, in one, are put
// beside the baseline's. As many as raised the suspicion, or as it takes. What cannot be run is
// said in the confirmation (cannot_tell), never thrown; only an interruption is.
ConfirmedOrNot confirm(const Suspicion& suspicion, const check::GateOptions& gate,
                       const TrialOptions& options);

}  // namespace lab::cli
