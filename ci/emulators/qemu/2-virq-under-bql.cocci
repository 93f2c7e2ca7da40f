// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Raise CPU_INTERRUPT_VIRQ under the BQL
//
// cs->interrupt_request is changed by other threads (timers, other vCPUs' IPIs),
// who hold the BQL. helper_vmrun() or-ed VIRQ into it without: a read-modify-write
// that now and then undoes their CPU_INTERRUPT_POLL or CPU_INTERRUPT_HARD, and an
// interrupt is lost until the next one.
//
// helper_write_crN() calls cpu_interrupt() without it, which ends QEMU:
// "tcg_handle_interrupt: assertion failed: (bql_locked())". It takes a guest that
// writes CR8 without an intercept while its host waits for an interrupt window
// (V_IRQ): under KVM any guest that does so with interrupts off and one pending.
//
// expect: target/i386/tcg/system/svm_helper.c 1 bql_lock();
// expect: target/i386/tcg/system/svm_helper.c 1 bql_unlock();
// expect: target/i386/tcg/system/svm_helper.c 1 #include "qemu/main-loop.h"
// expect: target/i386/tcg/system/misc_helper.c 4 bql_lock();
// expect: target/i386/tcg/system/misc_helper.c 4 bql_unlock();

@raise@
symbol cs;
@@
 helper_vmrun(...)
 {
 <...
+bql_lock();
 cs->interrupt_request |= CPU_INTERRUPT_VIRQ;
+bql_unlock();
 ...>
 }

@includes depends on raise@
@@
 #include "cpu.h"
+#include "qemu/main-loop.h"

@task_priority@
symbol cs;
@@
 helper_write_crN(...)
 {
 <...
+bql_lock();
 cpu_interrupt(cs, CPU_INTERRUPT_VIRQ);
+bql_unlock();
 ...>
 }
