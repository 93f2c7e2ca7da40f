// SPDX-License-Identifier: MIT
// A machine that counts instructions can let its clock stand (lab's emulators: ci/emulators,
// changes machine-port). It does so while lab works there, so that guests do not notice how long
// that takes: another build of lab takes other instructions.
#pragma once

namespace lab::base {

// As long as this is there, the clock stands while this thread works, and goes while it waits (by
// poll(), for a time or for a child). The thread comes before all others: nothing else may run
// while the clock stands. Does nothing where the machine cannot, or is not `asked`: on a machine of
// metal the port may be anything's. At its end, as before its beginning in a restored machine
// (images/outer: lab-warm), only waiting takes time.
class StandingClock {
 public:
  explicit StandingClock(bool asked);
  StandingClock(const StandingClock&) = delete;
  StandingClock& operator=(const StandingClock&) = delete;
  ~StandingClock();
};

// Belongs around what waits for the time or for another process, and not by poll(): the clock goes
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

// Belongs around what other processes do for this thread before a guest runs. Where the machine
// can, and was asked to, their work takes no time, only waiting does. A GoingClock in it changes
// nothing.
class SkippingClock {
 public:
  SkippingClock();
  SkippingClock(const SkippingClock&) = delete;
  SkippingClock& operator=(const SkippingClock&) = delete;
  ~SkippingClock();

 private:
  bool stood_;
};

}  // namespace lab::base
