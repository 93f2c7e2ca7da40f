// SPDX-License-Identifier: MIT
// Whether a machine's clocks agree. An emulator may run its timers at another speed than the one
// that the kernel takes the TSC for: then a guest's seconds are full of timer interrupts that no
// hardware has (Bochs with a processor that names its TSC's frequency: 85 % of all exits).
#pragma once

namespace lab::inside {

struct ClockSpeed {
  double tsc_mhz = 0;    // TSC ticks in a microsecond of the real-time clock
  double monotonic = 0;  // seconds of CLOCK_MONOTONIC in a second of the real-time clock
};

// Watches /dev/rtc0 for a whole second of its own: takes up to two. Error (infrastructure) where
// there is none, or where it stands still for ten seconds of CLOCK_MONOTONIC.
ClockSpeed measure_clock();

// Error (infrastructure) where CLOCK_MONOTONIC is off by more than 5 %.
void check_clock(const ClockSpeed& speed);

}  // namespace lab::inside
