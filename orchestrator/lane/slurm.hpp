// SPDX-License-Identifier: MIT
// Lanes as Slurm's job steps: --via slurm.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::lane {

struct SlurmLane {
  unsigned processors = 1;
  std::uint64_t memory_mib = 0;
  std::string job;      // the name of each lane's job; none inside an allocation
  std::string options;  // the user's, as a shell's words
  std::string program;  // lab's file, which must lie there on each node
};

// What a lane for these plans needs; `plans` say whether they are exact.
SlurmLane slurm_lane(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// The shell's command line that starts one: a step of the allocation that lab runs in, else a job
// of its own, so that each lane begins as soon as there is room for it.
std::string slurm_command(const SlurmLane& lane, bool inside_allocation);

// Whether lab runs in a job of Slurm's.
bool inside_allocation();

// Cancels the jobs of this name that are still there. Errors are ignored: most often there are
// none.
void cancel_jobs(const std::string& name);

}  // namespace lab::lane
