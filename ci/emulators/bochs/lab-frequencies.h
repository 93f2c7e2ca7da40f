// SPDX-License-Identifier: MIT
// Answers CPUID leaves 0x15 and 0x16 (Intel SDM, volume 2, "CPUID") by Bochs' own time: see the
// change tsc-by-ips.
#ifndef LAB_FREQUENCIES_H
#define LAB_FREQUENCIES_H

#include "gui/siminterface.h"
#include "param_names.h"

// Leaves processors alone that have no such leaf.
static inline void lab_set_frequencies(unsigned function, struct cpuid_function_t *leaf)
{
  if (leaf->eax == 0 || (function != 0x15 && function != 0x16)) return;
  Bit32u hertz = SIM->get_param_num(BXPN_IPS)->get();
  if (function == 0x15) { // TSC / crystal = ebx / eax, crystal in Hz
    leaf->eax = leaf->ebx = 1;
    leaf->ecx = hertz;
  } else { // base and maximum frequency in MHz
    leaf->eax = leaf->ebx = hertz / 1000000;
  }
}

#endif
