// SPDX-License-Identifier: MIT
// Runs one trial: one guest under one setting of a scenario's matrix, from overlay to record.
#pragma once

#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/guest/context.hpp"

namespace lab::trial {

// Runs the trial. Domain and overlay are always removed afterwards, and every failure is in the
// record's outcome and message. Throws Error (interrupted) where the user stops lab. The KVM
// modules must be loaded already.
record::Record run_trial(const scenario::TrialPlan& plan, const GuestImage& image,
                         const TrialContext& context);

}  // namespace lab::trial
