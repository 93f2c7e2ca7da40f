// SPDX-License-Identifier: MIT
// Measures each phase of a run with this machine's clock: a phase lasts until its lane's next one.
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
  // Starts a phase in the event's lane, or ends the lane's last one; ignores all other events.
  void take(const trial::Event& event);

  // Returns, once, the phases before a trial of the lane and those before there were lanes; they
  // are stored in the trial's record.
  record::Timings phases_before_trial(unsigned lane);

  std::size_t lanes() const;                               // the most that ran at once
  double seconds() const { return all_.seconds(); }        // since the start
  double phase_seconds() const;                            // of all phases, in all lanes
  double outer_seconds() const { return outer_seconds_; }  // of phases in which outer VMs boot
  double guest_seconds() const { return guest_seconds_; }  // of boots and steps

  // Returns a table for people: each ended phase with its seconds and its share of the whole, in
  // the order of first appearance; equal phases of several trials are summed.
  std::string table() const;

 private:
  struct Lane {
    base::Stopwatch phase_watch;
    std::optional<record::Phase> phase;  // empty while the lane is idle
    bool of_trial = false;
    record::Timings before_trial;
  };

  void end_phase(Lane& lane);

  base::Stopwatch all_;
  std::map<unsigned, Lane> lanes_;  // 0: before there are lanes
  record::Timings phases_;
  double outer_seconds_ = 0, guest_seconds_ = 0;
};

}  // namespace lab::terminal
