// SPDX-License-Identifier: MIT
// Runs a job inside a throwaway outer VM and passes its events on.
#pragma once

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::outer {

// Starts an outer VM, gives it the job (whose paths are this machine's) and passes on every event
// until its end. Throws Error where the outer VM cannot start, dies, hangs (no line for three
// minutes) or does not end within the sum of the trials' limits and ten minutes. The outer VM is
// removed in any case.
void run_job(const OuterImage& image, inside::Job job, const base::Folders& folders,
             const base::RunFolder& run, const trial::Sink& sink);

// Makes what run_job would make first: the saved state of an outer VM, where the site uses one. It
// does not depend on the job's images.
void make_saved_state(const OuterImage& image, const inside::Job& job, const base::Folders& folders,
                      const base::RunFolder& run, const trial::Sink& sink);

// Returns conditions of the job's records that an outer VM cannot know itself: the emulator, or the
// kernel whose KVM runs the outer VM; the outer VM's image; the host, where it is the outer VM's
// clock. They stay outside, as the bytes of an exact job are the same everywhere. Unknown values
// are absent.
record::Conditions outside_conditions(const OuterImage& image, const inside::Job& job);

}  // namespace lab::outer
