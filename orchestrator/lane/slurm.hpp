// SPDX-License-Identifier: MIT
// Starts lanes as Slurm's job steps: --via slurm.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::lane {

struct SlurmLane {
  unsigned processors = 1;
  std::uint64_t memory_mib = 0;
  std::string job;      // the name of each lane's job; not used inside an allocation
  std::string options;  // the user's, as words of a shell
  std::string program;  // lab's path, the same on each node
};

// Returns what a lane needs for these plans; `plans` must already be decided to be exact or not.
SlurmLane slurm_lane(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// Returns the shell command that starts a lane: a step of the allocation that lab runs in, or else
// a separate job, so that each lane begins as soon as there is room for it.
std::string slurm_command(const SlurmLane& lane, bool inside_allocation);

// Returns whether lab runs in a Slurm job.
bool inside_allocation();

// Cancels the jobs of this name that still exist. Ignores errors: most often there are no jobs.
void cancel_jobs(const std::string& name);

}  // namespace lab::lane
