// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Keep an SVM guest's translations beside its host's
//
// See svm-guest-tlb.h for what is kept, and which flush protects it.
//
// file: target/i386/svm-guest-tlb.h
// line: target/i386/cpu.h ==> uint64_t vm_hsave; ==> struct { uint64_t nested_cr3, cr3, mode; uint32_t asid, nested_pg_mode; bool npt, running, switching; } svm_tlb;
// line: target/i386/cpu.h ==> #define MMU_NESTED_IDX     7 ==> #include "svm-guest-tlb.h"
// expect: target/i386/cpu.h 3 svm_host_mmu_index(mmu_index)
// expect: target/i386/cpu.c 2 return svm_mmu_index(env, mmu_index_base + mmu_index_32);
// expect: target/i386/helper.c 3 svm_flush_world(env);
// expect: target/i386/tcg/system/misc_helper.c 1 svm_flush_page(env, addr);
// expect: target/i386/tcg/system/smm_helper.c 2 tlb_flush(env_cpu(env));
// expect: target/i386/tcg/system/svm_helper.c 1 svm_enter_guest(env, asid,
// expect: target/i386/tcg/system/svm_helper.c 1 svm_leave_guest(env);
// expect: target/i386/tcg/system/svm_helper.c 1 svm_begin_switch(env);
// expect: target/i386/tcg/system/svm_helper.c 1 svm_end_switch(env);
// expect: target/i386/tcg/system/svm_helper.c 0 tlb_flush
// expect: target/i386/tcg/system/svm_helper.c 0 case TLB_CONTROL_DO_NOTHING:

@mmu_index@
typedef CPUX86State;
identifier env;
expression a, b;
@@
 x86_mmu_index_pl(CPUX86State *env, ...)
 {
 ...
-return a + b;
+return svm_mmu_index(env, a + b);
 }

@mmu_index_kernel@
typedef CPUX86State;
identifier env;
expression a, b;
@@
 x86_mmu_index_kernel_pl(CPUX86State *env, ...)
 {
 ...
-return a + b;
+return svm_mmu_index(env, a + b);
 }

@is_smap@
identifier i;
expression mask;
@@
 is_mmu_index_smap(int i)
 {
-return (i & mask) == MMU_KSMAP64_IDX;
+return (svm_host_mmu_index(i) & mask) == MMU_KSMAP64_IDX;
 }

@is_user@
identifier i;
expression mask;
@@
 is_mmu_index_user(int i)
 {
-return (i & mask) == MMU_USER64_IDX;
+return (svm_host_mmu_index(i) & mask) == MMU_USER64_IDX;
 }

@is_32@
identifier i;
@@
 is_mmu_index_32(int i)
 {
-assert(i < MMU_PHYS_IDX);
+assert(svm_host_mmu_index(i) < MMU_PHYS_IDX);
 ...
 }

@cr0@
typedef CPUX86State, X86CPU;
identifier env, cpu;
@@
 cpu_x86_update_cr0(CPUX86State *env, ...)
 {
-X86CPU *cpu = env_archcpu(env);
 <...
-tlb_flush(...);
+svm_flush_world(env);
 ...>
 }

@cr3@
typedef CPUX86State;
identifier env;
@@
 cpu_x86_update_cr3(CPUX86State *env, ...)
 {
 <...
-tlb_flush(...);
+svm_flush_world(env);
 ...>
 }

@cr4@
typedef CPUX86State;
identifier env;
@@
 cpu_x86_update_cr4(CPUX86State *env, ...)
 {
 <...
-tlb_flush(...);
+svm_flush_world(env);
 ...>
 }

@invlpg@
typedef CPUX86State;
identifier env, addr;
@@
 helper_flush_page(CPUX86State *env, target_ulong addr)
 {
-tlb_flush_page(...);
+svm_flush_page(env, addr);
 }

@smm_enter@
@@
 do_smm_enter(...)
 {
 ...
 env->hflags |= HF_SMM_MASK;
+tlb_flush(env_cpu(env));
 ...
 }

@smm_leave@
@@
 helper_rsm(...)
 {
 ...
 env->hflags &= ~HF_SMM_MASK;
+tlb_flush(env_cpu(env));
 ...
 }

@includes_of_smm@
@@
 #include "exec/log.h"
+#include "exec/cputlb.h"

@vmrun_nested@
@@
 helper_vmrun(...)
 {
 <...
-tlb_flush_by_mmuidx(...);
 ...>
 }

@vmrun_begins@
@@
 helper_vmrun(...)
 {
 <...
 env->hflags |= HF_GUEST_MASK;
+svm_begin_switch(env);
 ...>
 }

// Replaces the switch over TLB_CONTROL, behind which VMRUN cannot fail. With "..." in the place of
// "<..." Coccinelle 1.3 (trixie) does not match.
@vmrun@
statement flush;
symbol env, cs, asid;
@@
 helper_vmrun(...)
 {
 <...
-flush
+svm_enter_guest(env, asid, x86_ldub_phys(cs, env->vm_vmcb + SVM_VMCB_TLB_CONTROL));
 env->hflags2 |= HF2_GIF_MASK;
 ...>
 }

@vmexit@
@@
 do_vmexit(...)
 {
 ...
 env->hflags2 &= ~HF2_NPT_MASK;
-tlb_flush_by_mmuidx(cs, 1 << MMU_NESTED_IDX);
+svm_leave_guest(env);
 ...
 env->hflags2 &= ~HF2_VGIF_MASK;
+svm_end_switch(env);
 ...
 }
