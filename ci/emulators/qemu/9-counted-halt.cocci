// SPDX-License-Identifier: GPL-2.0-or-later
//
// icount: Let the clock jump only when all instructions are counted
//
// A CPU that halts is idle as soon as HLT is executed, but the instructions of its slice are
// added to the clock a moment later, without the BQL. If the main loop looks in between, it
// takes a clock that is late, computes a deadline that is too far away, and makes the clock
// jump too far: by as many instructions as the slice had. With sleep=off a machine's time is
// then not the same each time; the busier the host, the more often. A CPU whose slice is not
// yet counted has a budget: do not jump then. It wakes the main loop when it is done.
//
// expect: accel/tcg/icount-common.c 1 if (qatomic_read(&cpu->icount_budget)) {

@counted@
@@
 icount_start_warp_timer(...)
 {
+CPUState *cpu;
 <...
 if (!all_cpu_threads_idle()) {
     return;
 }
+for (cpu = first_cpu; cpu; cpu = CPU_NEXT(cpu)) {
+    if (qatomic_read(&cpu->icount_budget)) {
+        return;
+    }
+}
 ...>
 }
