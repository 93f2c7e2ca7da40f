// SPDX-License-Identifier: MIT
// Runs plans on lanes that the user's command starts: lab run --via.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orchestrator/run/run.hpp"

namespace lab::lane {

struct Via {
  std::string command;  // a shell's command line or "slurm"; "": no lanes
  std::string slurm_options;
  // Without it, each node's first trial is the known one where trials are exact.
  bool unproved = false;
  double queue_limit = 0;  // minutes after which a lane that has not begun is left out; 0: none
};

// Returns the command that starts a lane: `via` itself where one of its words is `lane`, else `via`
// followed by `lab lane`. A shell runs it, with the lane's number in LAB_LANE.
std::string lane_command(const std::string& via);

// Does what run::run_plans does, with `options.at_once` lanes. `warn` gets texts for people about
// failing lanes. Throws what Pool::run throws, and Error (user) where no site fits.
void run_plans(const std::vector<scenario::TrialPlan>& plans, const run::RunOptions& options,
               const Via& via, const std::function<bool()>& stop_early,
               const std::function<void(const std::string& text)>& warn, const trial::Sink& sink);

}  // namespace lab::lane
