// SPDX-License-Identifier: MIT
// The leading causes of exits while guests run, for whoever watches.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "orchestrator/exits/causes.hpp"
#include "orchestrator/trial/observe/sample.hpp"

namespace lab::trial {

// Compares readings of the kernel's causes. The guest's kernel cannot be asked meanwhile: its
// code is named by address.
class LiveCauses {
 public:
  using Clock = std::chrono::steady_clock;

  // Whether a reading is due: once a second at most, and in at most 1 % of the time, as a guest may
  // have no other processor to run on.
  bool due(Clock::time_point now) const { return now >= next_; }
  void has_read(Clock::time_point begin, Clock::time_point end);

  // What each guest's causes are now, by any name of the guest.
  void take(const std::map<std::string, exits::HostCauses>& guests);

  // Of the exits between the last two readings; of all so far after the first.
  const Sample::Causes& leading() const { return leading_; }

 private:
  Clock::time_point next_{};
  std::map<std::string, exits::Causes> before_;
  Sample::Causes leading_;
};

}  // namespace lab::trial
