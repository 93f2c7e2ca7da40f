// SPDX-License-Identifier: LGPL-2.0-or-later
//
// cpu: CPUID names the frequencies at which the machine runs
//
// Leaves 0x15 and 0x16 of the newer processors name those of the hardware, 3.5 GHz for instance,
// while Bochs' TSC and timers go by `ips`: Linux believes the leaves, and its timer interrupts
// come 35 times too often.
//
// file: lab-frequencies.h
// line: cpu/proc_ctrl.cc ==> #include "cpuid.h" ==> #include "lab-frequencies.h"
// line: cpu/proc_ctrl.cc ==> BX_CPU_THIS_PTR cpuid->get_cpuid_leaf(EAX, ECX, &leaf); ==> lab_set_frequencies(EAX, &leaf);
// expect: cpu/proc_ctrl.cc 1 lab_set_frequencies(EAX, &leaf);
