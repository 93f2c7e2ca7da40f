// SPDX-License-Identifier: MIT
// Runs a job inside a throwaway outer VM and passes its events on.
#pragma once

#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/run_folder.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/outer_vm.hpp"

namespace lab::site {

// Brings an outer VM up, hands it the job (whose paths are this machine's) and passes on every
// event until its end. Throws Error where the outer VM cannot start, dies, hangs (nothing heard
// for three minutes) or is not done within the sum of the trials' limits and ten minutes.
// However it ends, the outer VM is gone afterwards.
void run_nested(OuterKind kind, const OuterImage& image, const Job& job, const base::RunFolder& run,
                const trial::Sink& sink);

}  // namespace lab::site
