// SPDX-License-Identifier: MIT
// Samples all guests' counters on the host's side while they run, for the timeline and for the
// watchers of the trial.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/trial/observe/live_causes.hpp"
#include "orchestrator/trial/steps.hpp"

namespace lab::trial {

class Observer {
 public:
  Observer(TrialState& state, const Guests& guests);

  // Does what is due by now; returns when the next thing is due. Serves Watch.
  Deadline act();

 private:
  void sample(double seconds);
  void report();  // to the watchers
  void read_causes();

  TrialState& state_;
  const Guests& guests_;
  std::vector<ExitsByNumber> last_;  // of each guest; one that cannot be read keeps its counts
  std::vector<std::string> texts_;   // of each guest: the text of its counts
  LiveCauses causes_;
  Deadline next_event_{};
  unsigned events_ = 0;
};

}  // namespace lab::trial
