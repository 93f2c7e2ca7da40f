// SPDX-License-Identifier: MIT
// Runs a scenario's steps in all guests of a trial at the same time: sends each guest the request,
// then waits for all of them.
#pragma once

#include <optional>

#include "orchestrator/trial/guest/readers.hpp"

namespace lab::trial {

class Steps {
 public:
  // The guests must be paused and must not have run yet.
  Steps(TrialState& state, const Guests& guests, Watch& watch)
      : state_(state), guests_(guests), watch_(watch), readers_(state, guests, watch) {}

  // Returns false where a guest has a problem or time runs out, which is the watch's problem().
  bool run(const scenario::Step& step);

  // Names the causes of all steps since its last call. The names come from running guests, so call
  // it before they end or boot anew.
  void name_causes();

 private:
  // Contains the names that a guest and its QEMU give to addresses and ports, for the current boot.
  struct Names {
    causes::Symbols symbols;
    causes::MemoryTree tree;
  };
  causes::Symbols ask_symbols(GuestRun& guest);

  // Returns the console's mark that ends the step; none where the reader reports its end.
  static std::optional<Mark> find_mark(scenario::BootUntil until);

  bool boot(const scenario::Step& step);
  bool command(const scenario::Step& step);
  bool sleep(const scenario::Step& step);
  bool host_action(const scenario::Step& step);
  bool reboot(const scenario::Step& step);
  bool shutdown(const scenario::Step& step);

  void take_command(GuestRun& guest, const scenario::Step& step, const ReaderMessage& message);
  bool act(const scenario::Step& step);
  bool await_boot(const scenario::Step& step, bool again);
  bool await_marks(const scenario::Step& step, Mark mark);
  // Waits for the readers after a boot that the host has counted, without a step.
  bool await_readers();

  // Take a snapshot in every guest, with which the step begins or ends.
  bool begin_by_snapshot(const scenario::Step& step);
  bool end_by_snapshot(const scenario::Step& step);

  TrialState& state_;
  const Guests& guests_;
  Watch& watch_;
  Readers readers_;
  Deadline deadline_{};  // of the current step
  bool readers_ready_ = false;
  std::vector<Names> names_;  // of each guest, from the last request
};

}  // namespace lab::trial
