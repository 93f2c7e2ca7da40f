// SPDX-License-Identifier: MIT
// Builds the command that starts a lane, and cancels the lanes' jobs when the run ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/lane/run.hpp"
#include "orchestrator/lane/slurm.hpp"

namespace lab::lane {

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
