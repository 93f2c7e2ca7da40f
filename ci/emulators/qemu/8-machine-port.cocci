// SPDX-License-Identifier: GPL-2.0-or-later
//
// icount: Add a port that stops the clock, or the machine
//
// Counts of a machine whose clock is its number of instructions are the same each time only if it
// executes the same instructions. What lab does there between two waits differs from build to
// build, so it must take no time. After a '0' at port 0x8901 instructions are not counted: until a
// '1', until the machine has nothing to do but wait, or until 100 million have been executed. After
// a '2' only waiting takes time, until a '1' (or ten thousand million instructions). An 's' pauses
// it at that very instruction, to be saved; a pause from outside would come at another one each time.
//
// file: accel/tcg/lab-port.h
// line: accel/tcg/icount-common.c ==> #include "system/cpu-timers-internal.h" ==> #include "lab-port.h"
// instead: accel/tcg/icount-common.c ==> timers_state.qemu_icount + executed); ==> timers_state.qemu_icount + lab_counted(executed));
// line: accel/tcg/icount-common.c ==> icount_sleep = sleep; ==> lab_add_port();
// line: accel/tcg/icount-common.c ==> /* We want to use the earliest deadline from ALL vm_clocks */ ==> if (!lab_may_wait()) return;
// expect: accel/tcg/icount-common.c 1 + lab_counted(executed)
// expect: accel/tcg/icount-common.c 1 if (!lab_may_wait()) return;
// expect: accel/tcg/icount-common.c 1 lab_add_port();
