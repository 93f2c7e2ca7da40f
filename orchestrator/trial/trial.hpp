// SPDX-License-Identifier: MIT
// One trial: one guest run under one setting of a scenario's matrix, from overlay to record.
#pragma once

#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/guest/context.hpp"

namespace lab::trial {

// Runs the trial. Whatever happens, domain and overlay are gone afterwards, and whatever went
// wrong is in the record's outcome and message. Error (interrupted) is thrown where the user stops
// lab. Kvm modules must be loaded already.
record::Record run_trial(const scenario::TrialPlan& plan, const GuestImage& image,
                         const TrialContext& context);

}  // namespace lab::trial
