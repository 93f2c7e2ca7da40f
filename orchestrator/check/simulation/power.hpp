// SPDX-License-Identifier: MIT
// Measures on made-up trials how often the gate finds a change, by its size and by how much trials
// and runs vary.
#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/check/simulation/resample.hpp"

namespace lab::check {

// Describes boots of `reasons` reasons with 20,000 exits each, one of which changes. Every trial's
// count of every reason varies independently (log-normal).
struct Made {
  std::size_t reasons = 29;              // and the total: 30 rows
  double spread = 0.1;                   // standard deviation of a reason's count, as a share
  double run_spread = 0;                 // the same for what a run adds to all its trials' counts
  std::size_t run_reasons = 0;           // the first ones, to which runs add that; 0: all
  std::size_t baseline_runs = 2;         // which share the baseline's trials
  std::size_t baseline = 8, trials = 8;  // trials; 0: as many as trials_for() plans
  double change = 0;                     // of one reason, as a share of it
  double share_of_trials = 1;            // in so many of the new trials: an intermittent change
};

// Makes `times` checks of such trials, each with its confirmation by new trials of both sides.
Rates power(const Made& made, std::size_t times, const GateOptions& options, std::uint64_t seed);

}  // namespace lab::check
