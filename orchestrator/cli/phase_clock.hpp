// SPDX-License-Identifier: MIT
// Where a run's time goes, by this machine's clock: a phase lasts until the next one begins.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/event.hpp"

namespace lab::cli {

class PhaseClock {
 public:
  void take(const trial::Event& phase);

  // Those before a trial since this was asked the last time: they are kept with its record.
  record::Timings phases_before_trial();

  double outer_seconds() const { return outer_seconds_; }
  double guest_seconds() const { return guest_seconds_; }  // boots and steps
  double seconds() const { return all_.seconds(); }

  // For people: each phase that ended with its seconds and its part of the whole, in the order in
  // which they first came; those of several trials together.
  std::string table() const;

 private:
  void end_phase();

  base::Stopwatch all_, phase_watch_;
  std::string phase_;
  bool of_trial_ = false;
  record::Timings phases_, before_trial_;
  double outer_seconds_ = 0, guest_seconds_ = 0;
};

}  // namespace lab::cli
