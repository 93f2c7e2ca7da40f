// SPDX-License-Identifier: MIT
// The machine's clock, which it can let stand: see the change machine-port.
#ifndef LAB_CLOCK_H
#define LAB_CLOCK_H

// A clock that stands for so many instructions goes on: something waits for it.
const Bit64u lab_longest_stand = 100000000;
const Bit64u lab_longest_skip = 10000000000ULL;

inline bool lab_clock_stands = false;
inline bool lab_clock_skips = false; // stands, but for what the machine waits for
inline bool lab_machine_waits = false;
inline Bit64u lab_stood_for = 0; // instructions

// As it was asked for: '0' stands, '1' goes, '2' skips.
static inline void lab_set_clock(Bit32u how)
{
  lab_clock_stands = how != '1';
  lab_clock_skips = how == '2';
  lab_stood_for = 0;
}

// Around the time of a machine that has nothing to do.
static inline void lab_begin_wait(void)
{
  lab_clock_stands = lab_clock_stands && lab_clock_skips;
  lab_machine_waits = true;
}

static inline void lab_end_wait(void)
{
  lab_machine_waits = false;
}

// What these instructions take of the machine's time.
static inline Bit32u lab_counted(Bit32u executed)
{
  if (!lab_clock_stands || lab_machine_waits) return executed;
  lab_stood_for += executed;
  if (lab_stood_for > (lab_clock_skips ? lab_longest_skip : lab_longest_stand)) lab_clock_stands = false;
  return 0;
}

#endif
