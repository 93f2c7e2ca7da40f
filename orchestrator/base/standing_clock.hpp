// SPDX-License-Identifier: MIT
// A machine that counts instructions can let its clock stand (lab's emulators: ci/emulators,
// changes machine-port). It does so while lab works there, so that guests do not notice how long
// that takes: another build of lab takes other instructions.
#pragma once

namespace lab::base {

// As long as this is there, the clock stands while this thread works. The thread comes before all
// others: nothing else may run while the clock stands. Does nothing where the machine cannot, or is
// not `asked`: on a machine of metal the port may be anything's.
class StandingClock {
 public:
  explicit StandingClock(bool asked);
  StandingClock(const StandingClock&) = delete;
  StandingClock& operator=(const StandingClock&) = delete;
  ~StandingClock();
};

// Belongs around everything that waits for another process or for the time: the clock goes
// meanwhile.
class GoingClock {
 public:
  GoingClock();
  GoingClock(const GoingClock&) = delete;
  GoingClock& operator=(const GoingClock&) = delete;
  ~GoingClock();

 private:
  bool stood_;
};

}  // namespace lab::base
