// SPDX-License-Identifier: MIT
// Runs a job inside a throwaway outer VM and passes its events on.
#pragma once

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

// Starts an outer VM, gives it the job (whose paths are this machine's) and passes on every event
// until its end. Throws Error where the outer VM cannot start, dies, hangs (no line for three
// minutes) or does not end within the sum of the trials' limits and ten minutes. The outer VM is
// removed in any case.
void run_job(const OuterImage& image, inside::Job job, const base::Folders& folders,
             const base::RunFolder& run, const trial::Sink& sink);

// Makes what run_job would make first: the saved state of an outer VM, where the site uses one.
void make_saved_state(const OuterImage& image, inside::Job job, const base::Folders& folders,
                      const base::RunFolder& run, const trial::Sink& sink);

}  // namespace lab::outer
