// SPDX-License-Identifier: MIT
// Which command starts a lane, and what is to be ended with the run.
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
  // `plans` say whether they are exact.
  Starter(const Via& via, const std::vector<scenario::TrialPlan>& plans, const record::Site& site,
          unsigned lanes);
  Starter(const Starter&) = delete;
  Starter& operator=(const Starter&) = delete;
  ~Starter();  // cancels the lanes' jobs: however the run ends, none of them goes on

  base::Command operator()(unsigned lane) const;

 private:
  std::string job_;  // of Slurm's that are to be cancelled; "": none
  std::string command_;
};

}  // namespace lab::lane
