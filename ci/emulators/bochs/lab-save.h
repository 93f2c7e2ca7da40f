// SPDX-License-Identifier: MIT
// Saves the machine when it asks for it: see the change save-when-asked.
#ifndef LAB_SAVE_H
#define LAB_SAVE_H

#include "cpu/cpu.h"
#include "gui/siminterface.h"

const Bit32u lab_save_port = 0x8901; // beside the one that shuts Bochs down
inline bool lab_save_asked = false;

// Called by the OUT instruction, which has to end first.
static inline void lab_ask_to_save(void)
{
  lab_save_asked = true;
  BX_CPU(0)->async_event |= 1;
}

// Called between two instructions, when all timers know what time it is.
static inline void lab_save_where_asked(void)
{
  if (!lab_save_asked) return;
  lab_save_asked = false; // it must not be saved as well
  bool saved = SIM->save_state("state");
  bx_atexit();
  BX_EXIT(saved ? 0 : 1);
}

#endif
