// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Leave another vCPU's hflags2 alone when IGNNE# is deasserted
//
// Each FXRSTOR, XRSTOR, FLDENV and the like that finds no pending x87 exception
// calls cpu_clear_ignne(), which clears a bit in hflags2 of the *first* vCPU, from
// whatever thread it is called in. That read-modify-write races with the first
// vCPU's own, and now and then undoes it. Where that happens in do_vmexit(), after
// it has cleared HF2_NPT_MASK, the host goes on with its addresses translated by
// the guest's nested page table: its next instruction faults, #VMEXIT is done a
// second time, and the host's registers are saved as the guest's. KVM then sees
// the same nested page fault for ever. (Seen as a guest that hangs, once in some
// fifty boots on a busy machine, with -smp 2 and thread=multi; a trap on a #VMEXIT
// outside a guest found hflags2 to be just HF2_NPT_MASK.)
//
// The bit is set only by a write to port F0h, which no current system does. So the
// flags are written only where it is set.
//
// expect: target/i386/tcg/system/fpu_helper.c 1 if (unlikely(env->hflags2 & HF2_IGNNE_MASK)) {

@clear@
symbol env;
@@
 cpu_clear_ignne(...)
 {
 ...
-env->hflags2 &= ~HF2_IGNNE_MASK;
+if (unlikely(env->hflags2 & HF2_IGNNE_MASK)) {
+    env->hflags2 &= ~HF2_IGNNE_MASK;
+}
 }
