// SPDX-License-Identifier: MIT
// Finds the leading causes of exits while guests run, for the watchers of a trial.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "orchestrator/exits/causes.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::trial {

// Compares readings of the kernel's causes. The guest's kernel cannot be queried meanwhile, so its
// code appears by address.
class LiveCauses {
 public:
  using Clock = std::chrono::steady_clock;

  // Returns whether a reading is due: at most once a second, and for at most 1 % of the time, as a
  // guest may have no other processor to run on.
  bool due(Clock::time_point now) const { return now >= next_; }
  void has_read(Clock::time_point begin, Clock::time_point end);

  // Takes the current causes of each guest; the keys are any names of the guests.
  void take(const std::map<std::string, exits::HostCauses>& guests);

  // Returns the causes between the last two readings; after the first reading, all so far.
  const Sample::Causes& leading() const { return leading_; }

 private:
  Clock::time_point next_{};
  std::map<std::string, exits::Causes> before_;
  Sample::Causes leading_;
};

}  // namespace lab::trial
