// SPDX-License-Identifier: MIT
// The machine's clock, which it can let stand: see the change machine-port.
#ifndef LAB_CLOCK_H
#define LAB_CLOCK_H

// A clock that stands for so many instructions goes on: something waits for it.
const Bit64u lab_longest_stand = 100000000;

inline bool lab_clock_stands = false;
inline Bit64u lab_stood_for = 0; // instructions

static inline void lab_set_clock(bool stands)
{
  lab_clock_stands = stands;
  lab_stood_for = 0;
}

// What these instructions take of the machine's time.
static inline Bit32u lab_counted(Bit32u executed)
{
  if (!lab_clock_stands) return executed;
  lab_stood_for += executed;
  if (lab_stood_for > lab_longest_stand) lab_clock_stands = false;
  return 0;
}

#endif
