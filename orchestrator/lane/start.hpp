// SPDX-License-Identifier: MIT
// Builds the command that starts a lane, with --via slurm as a job step, and cancels the lanes'
// jobs when the run ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/lane/run.hpp"
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

class Starter {
 public:
  // `plans` must already be decided to be exact or not.
  Starter(const Via& via, const std::vector<scenario::TrialPlan>& plans, const record::Site& site,
          unsigned lanes);
  Starter(const Starter&) = delete;
  Starter& operator=(const Starter&) = delete;
  ~Starter();  // cancels the lanes' jobs, so that none continues however the run ends

  base::Command operator()(unsigned lane) const;

 private:
  std::string job_;  // Slurm's name of the jobs to cancel; "": none
  std::string command_;
};

}  // namespace lab::lane
