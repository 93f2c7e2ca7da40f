// SPDX-License-Identifier: MIT
// Runs plans by lanes that a command of the user's starts: lab run --via.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orchestrator/run/run.hpp"

namespace lab::lane {

struct Via {
  std::string command;  // a shell's command line, or "slurm"; "": no lanes
  std::string slurm_options;
  // Lanes work at once. Else, where trials are exact, each node's first one is the known one.
  bool unproved = false;
  double queue_limit = 0;  // minutes after which a lane that has not begun is left out; 0: none
};

// What starts a lane by this command line: as it is where one of its words is `lane`, else with
// `lab lane` behind it. A shell runs it, with the lane's number in LAB_LANE.
std::string lane_command(const std::string& via);

// As run::run_plans, by `options.at_once` lanes. `warn`: what happens to lanes, for people. Errors
// as of Pool::run; Error (user) where no site fits.
void run_plans(const std::vector<scenario::TrialPlan>& plans, const run::RunOptions& options,
               const Via& via, const std::function<bool()>& stop_early,
               const std::function<void(const std::string& text)>& warn, const trial::Sink& sink);

}  // namespace lab::lane
