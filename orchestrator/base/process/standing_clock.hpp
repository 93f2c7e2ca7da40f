// SPDX-License-Identifier: MIT
// A machine that counts instructions can stop its clock (lab's emulators: ci/emulators, changes
// machine-port). It does so while lab works in it, so that guests do not notice how long that
// takes: another build of lab executes other instructions.
#pragma once

namespace lab::base {

// While an object of this class exists, the clock stands while this thread works, and runs while it
// waits (by poll(), for a time or for a child). The thread has priority over all others: nothing
// else may run while the clock stands. Does nothing where the machine cannot stop its clock, or
// without `asked`: on a physical machine the port may belong to any device. After its end, as
// before its beginning in a restored machine (images/outer: lab-warm), only waiting takes time.
// Throws an infrastructure error where the kernel gives no access to the port, or no priority.
class StandingClock {
 public:
  explicit StandingClock(bool asked);
  StandingClock(const StandingClock&) = delete;
  StandingClock& operator=(const StandingClock&) = delete;
  ~StandingClock();
};

// Lets the clock run meanwhile. Use it around code that waits for a time or another process by
// other means than poll().
class GoingClock {
 public:
  GoingClock();
  GoingClock(const GoingClock&) = delete;
  GoingClock& operator=(const GoingClock&) = delete;
  ~GoingClock();

 private:
  bool stood_;
};

// Use it around work that other processes do for this thread before a guest runs. Where the machine
// supports it and was asked to, their work takes no time, only waiting does. A GoingClock within it
// changes nothing.
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
