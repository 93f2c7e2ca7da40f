// SPDX-License-Identifier: MIT
// Where a run's time goes, by this machine's clock: a phase lasts until its lane's next one begins.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::terminal {

class PhaseClock {
 public:
  // A phase begins in the event's lane, or that has nothing left to do; others are ignored.
  void take(const trial::Event& event);

  // Those before a trial of the lane since this was asked the last time, and of the time before
  // there were lanes: they are kept with its record.
  record::Timings phases_before_trial(unsigned lane);

  std::size_t lanes() const;                               // that there were, at once
  double seconds() const { return all_.seconds(); }        // since the start
  double phase_seconds() const;                            // of all phases, in all lanes
  double outer_seconds() const { return outer_seconds_; }  // of phases in which outer VMs boot
  double guest_seconds() const { return guest_seconds_; }  // of boots and steps

  // For people: each phase that ended with its seconds and its part of the whole, in the order in
  // which they first came; those of several trials together.
  std::string table() const;

 private:
  struct Lane {
    base::Stopwatch phase_watch;
    std::optional<record::Phase> phase;  // empty: nothing goes on
    bool of_trial = false;
    record::Timings before_trial;
  };

  void end_phase(Lane& lane);

  base::Stopwatch all_;
  std::map<unsigned, Lane> lanes_;  // 0: before there are any
  record::Timings phases_;
  double outer_seconds_ = 0, guest_seconds_ = 0;
};

}  // namespace lab::terminal
