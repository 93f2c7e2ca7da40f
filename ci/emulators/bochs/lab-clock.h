// SPDX-License-Identifier: MIT
// Keeps the machine's clock, which the machine can stop: see the change machine-port.
#ifndef LAB_CLOCK_H
#define LAB_CLOCK_H

// A stopped clock goes on after so many instructions, as something waits for it.
const Bit64u lab_longest_stand = 100000000;

inline bool lab_clock_stands = false;
inline Bit64u lab_stood_for = 0; // instructions

static inline void lab_set_clock(bool stands)
{
  lab_clock_stands = stands;
  lab_stood_for = 0;
}

// Returns how much of the machine's time these instructions take.
static inline Bit32u lab_counted(Bit32u executed)
{
  if (!lab_clock_stands) return executed;
  lab_stood_for += executed;
  if (lab_stood_for > lab_longest_stand) lab_clock_stands = false;
  return 0;
}

#endif
