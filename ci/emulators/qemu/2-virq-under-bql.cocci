// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Raise CPU_INTERRUPT_VIRQ under the BQL
//
// cs->interrupt_request is changed by other threads (timers, other vCPUs' IPIs),
// who hold the BQL. helper_vmrun() or-ed VIRQ into it without: a read-modify-write
// that now and then undoes their CPU_INTERRUPT_POLL or CPU_INTERRUPT_HARD, and an
// interrupt is lost until the next one. An unlocked caller that comes to
// tcg_handle_interrupt() by another way ends QEMU: "assertion failed:
// (bql_locked())".
//
// expect: target/i386/tcg/system/svm_helper.c 1 bql_lock();
// expect: target/i386/tcg/system/svm_helper.c 1 bql_unlock();
// expect: target/i386/tcg/system/svm_helper.c 1 #include "qemu/main-loop.h"

@includes@
@@
 #include "cpu.h"
+#include "qemu/main-loop.h"

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
