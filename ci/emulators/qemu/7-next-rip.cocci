// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Save the next RIP at #VMEXIT (NRIP_SAVE)
//
// The length of each of a guest's instructions is noted with its place in the TB,
// beside cc_op, so that it costs nothing until an intercept needs it. KVM then
// knows the next instruction without decoding, and handles MSR writes in its
// fastpath. A software interrupt or a soft exception (#BP, #OF) that VMRUN injects
// returns to VMCB.nRIP.
//
// file: target/i386/svm-next-rip.h
// line: target/i386/cpu.h ==> uint64_t vm_hsave; ==> uint32_t svm_insn_len; /* as of the last cpu_restore_state() */
// line: target/i386/cpu.c ==> #define TCG_SVM_FEATURES (CPUID_SVM_NPT | CPUID_SVM_VGIF | \ ==> CPUID_SVM_NRIPSAVE | \
// line: target/i386/tcg/translate.c ==> #include "decode-new.h" ==> #include "target/i386/svm-next-rip.h"
// line: target/i386/tcg/tcg-cpu.c ==> #include "helper-tcg.h" ==> #include "target/i386/svm-next-rip.h"
// line: target/i386/tcg/system/svm_helper.c ==> #include "exec/cpu_ldst.h" ==> #include "target/i386/svm-next-rip.h"
// expect: target/i386/tcg/translate.c 1 svm_note_length(
// expect: target/i386/tcg/tcg-cpu.c 1 env->svm_insn_len = data[1] >> SVM_LENGTH_SHIFT;
// expect: target/i386/tcg/tcg-cpu.c 1 cc_op = data[1] & SVM_CC_OP_MASK;
// expect: target/i386/tcg/system/svm_helper.c 1 svm_save_next_rip(env, exit_code);
// expect: target/i386/tcg/system/svm_helper.c 2 = svm_injected_next_rip(env)

@translated@
symbol dc;
@@
 i386_tr_translate_insn(...)
 {
 <...
+svm_note_length(dc->base.insn_start, GUEST(dc), dc->pc - dc->base.pc_next);
 dc->base.pc_next = dc->pc;
 ...>
 }

@restored@
symbol env, data, cc_op, new_pc;
@@
 x86_restore_state_to_opc(...)
 {
 ...
-int cc_op = data[1];
+int cc_op = data[1] & SVM_CC_OP_MASK;
 uint64_t new_pc;
+
+env->svm_insn_len = data[1] >> SVM_LENGTH_SHIFT;
 ...
 }

@saved@
symbol cs, exit_code;
@@
 cpu_vmexit(...)
 {
 <...
 cs->exception_index = EXCP_VMEXIT;
+svm_save_next_rip(env, exit_code);
 ...>
 }

@injected@
symbol env;
@@
 helper_vmrun(...)
 {
 <...
 env->exception_is_int = 1;
-env->exception_next_eip = env->eip;
+env->exception_next_eip = svm_injected_next_rip(env);
 ...>
 }

@injected_exception@
symbol env, cs, vector;
@@
 helper_vmrun(...)
 {
 <...
 qemu_log_mask(CPU_LOG_TB_IN_ASM, "EXEPT");
+if (vector == EXCP03_INT3 || vector == EXCP04_INTO) {
+    env->exception_is_int = 1;
+    env->exception_next_eip = svm_injected_next_rip(env);
+}
 ...>
 }
