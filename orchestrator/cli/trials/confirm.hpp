// SPDX-License-Identifier: MIT
// Runs a suspected regression again before it is reported as one.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/check/confirmation.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"

namespace lab::cli {

// Is one suspicious cell: its judgement against the baseline, its trials, and its present plan.
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
  bool all_stored = true;  // false where the store did not take a record
  // One trial a side with the causes of its exits, where something was confirmed and both sides
  // could be run.
  std::vector<record::Record> causes_before, causes_now;
};

// Returns whether both plans run the same guest through the same steps. Ignores names, numbers,
// time limits and expectations, and also kernel and exact, which are conditions.
bool is_same_work(scenario::TrialPlan one, scenario::TrialPlan other);

// Runs both plans in turn (A B B A ...), an outer VM each, where the baseline's conditions or its
// plan differ and its plan and kernel are at hand. Otherwise runs new trials by the present plan,
// in one outer VM, and compares them with the baseline. Runs as many as raised the suspicion, or as
// it takes. Throws only an interruption; other failures go into the confirmation (cannot_tell).
ConfirmedOrNot confirm(const Suspicion& suspicion, const check::GateOptions& gate,
                       const TrialOptions& options);

}  // namespace lab::cli
