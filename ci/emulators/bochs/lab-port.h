// SPDX-License-Identifier: MIT
// Adds a port at which a machine asks to be saved, or stops its clock: see the change machine-port.
#ifndef LAB_PORT_H
#define LAB_PORT_H

#include "cpu/cpu.h"
#include "gui/siminterface.h"
#include "lab-clock.h"

const Bit32u lab_port = 0x8901; // beside the one that shuts Bochs down
inline Bit32u lab_asked = 0;

// Notes what an OUT instruction asks for, as that instruction has to end first.
static inline void lab_ask(Bit32u what)
{
  lab_asked = what;
  BX_CPU(0)->async_event |= 1;
}

static inline void lab_save(void)
{
  bool saved = SIM->save_state("state");
  bx_atexit();
  BX_EXIT(saved ? 0 : 1);
}

// Is called between two instructions, when all timers know the time.
static inline void lab_do_what_was_asked(void)
{
  Bit32u what = lab_asked;
  lab_asked = 0; // it must not be saved as well
  switch (what) {
    case 's': lab_save(); break;
    case '0':
    case '1': lab_set_clock(what == '0'); break;
  }
}

#endif
