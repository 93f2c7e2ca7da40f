// SPDX-License-Identifier: MIT
// A scenario's steps, done by all guests of a trial at the same time: each is asked, then lab waits
// for all of them.
#pragma once

#include <optional>

#include "orchestrator/trial/guest/readers.hpp"

namespace lab::trial {

class Steps {
 public:
  // The guests are paused, and have run for no moment yet.
  Steps(TrialState& state, const Guests& guests, Watch& watch)
      : state_(state), guests_(guests), watch_(watch), readers_(state, guests, watch) {}

  // False where a guest has a problem, or time is over: the watch says it.
  bool run(const scenario::Step& step);

  // Names the causes of all steps that were done since it was last called, by what the guests say
  // while they run: to be called before they end or boot anew.
  void name_causes();

 private:
  // What a guest and its QEMU say of addresses and ports, of the boot that runs.
  struct Names {
    causes::Symbols symbols;
    causes::MemoryTree tree;
  };
  causes::Symbols ask_symbols(GuestRun& guest);

  // Where a step's end is seen: by the reader, or by a mark on the console.
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
  // After a boot that the host has counted: until the readers are there, without a step.
  bool await_readers();

  // Takes a snapshot in every guest: the step begins with it, or ends with it.
  bool begin_by_snapshot(const scenario::Step& step);
  bool end_by_snapshot(const scenario::Step& step);

  TrialState& state_;
  const Guests& guests_;
  Watch& watch_;
  Readers readers_;
  Deadline deadline_{};  // of the step that is being done
  bool readers_ready_ = false;
  std::vector<Names> names_;  // of each guest, as last asked
};

}  // namespace lab::trial
