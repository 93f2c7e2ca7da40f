// SPDX-License-Identifier: MIT
// Checks that a machine's clocks agree. An emulator may run its timers at another speed than the
// kernel assumes for the TSC: a guest's seconds are then full of timer interrupts that no hardware
// has (Bochs with a processor that reports its TSC's frequency: 85 % of all exits).
#pragma once

namespace lab::inside {

struct ClockSpeed {
  double tsc_mhz = 0;    // TSC ticks in a microsecond of the real-time clock
  double monotonic = 0;  // seconds of CLOCK_MONOTONIC in a second of the real-time clock
};

// Watches /dev/rtc0 for a whole second of its own, which takes up to two. Throws an infrastructure
// error where there is none, or where it stands still for ten seconds of CLOCK_MONOTONIC.
ClockSpeed measure_clock();

// Throws an infrastructure error where CLOCK_MONOTONIC deviates by more than 5 %.
void check_clock(const ClockSpeed& speed);

}  // namespace lab::inside
