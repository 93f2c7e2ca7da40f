// SPDX-License-Identifier: MIT
// Samples all guests' counters on the host's side while they run, for the timeline and for whoever
// watches the trial.
#pragma once

#include <vector>

#include "orchestrator/trial/steps.hpp"

namespace lab::trial {

class Observer {
 public:
  Observer(TrialState& state, const Guests& guests);

  // What is due by now; returns when the next thing will be. For Watch.
  Deadline act();

 private:
  void sample(double seconds);
  std::uint64_t total() const;

  TrialState& state_;
  const Guests& guests_;
  std::vector<ExitsByNumber> last_;  // of each guest: one that cannot be read keeps its counts
  Deadline next_event_{};
};

}  // namespace lab::trial
