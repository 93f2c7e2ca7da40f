// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Deliver an interrupt injected by VMRUN once
//
// helper_vmrun() sets cs->exception_index to the vector of an external interrupt
// and then delivers it itself, through do_interrupt_x86_hardirq(). The vector
// stays behind as a pending exception. Usually the next TB resets it; but where
// the loop of cpu_exec() is left right after VMRUN (exit_request, or the end of
// an -icount slice), cpu_handle_exception() delivers it again: the guest handles
// the interrupt twice, the second time with interrupts off.
//
// expect: target/i386/tcg/system/svm_helper.c 1 cs->exception_index = -1;

@delivered@
expression env, vector, is_hw;
symbol cs;
@@
 helper_vmrun(...)
 {
 <...
 do_interrupt_x86_hardirq(env, vector, is_hw);
+/* Nothing is pending any more. */
+cs->exception_index = -1;
 ...>
 }
