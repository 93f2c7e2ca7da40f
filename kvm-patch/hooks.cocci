// SPDX-License-Identifier: GPL-2.0
//
// Puts the hooks of the exit counts into KVM; nothing else changes in its sources.
//
// A rule that matches nothing is silent. So each line "expect: HOOK SERIES FILE
// TIMES TEXT" makes build-modules count the lines of FILE that contain TEXT, and
// stop where they are not TIMES. SERIES is all, <X.Y or >=X.Y.
//
// In vcpu_enter_guest() rules use <... A ...>, as spatch follows each of its many paths for
// ... A ...: that took 13 of 17 seconds.
//
// expect: include_hooks all arch/x86/kvm/x86.c 1 #include "exit_hooks.h"
// expect: include all arch/x86/kvm/x86.c 1 #include "exit_stats.h"
// expect: include all arch/x86/kvm/cpuid.c 1 #include "exit_stats.h"
// expect: include all virt/kvm/kvm_main.c 1 #include "exit_stats.h"
// expect: reserve all virt/kvm/kvm_main.c 1 vcpu_size = exit_stats_reserve(vcpu_size);
// expect: create all virt/kvm/kvm_main.c 1 = exit_stats_zalloc(kvm_vcpu_cache,
// expect: free all virt/kvm/kvm_main.c 2 exit_stats_free(kvm_vcpu_cache, vcpu);
// expect: entry all arch/x86/kvm/x86.c 1 exit_stats_entry(vcpu);
// expect: count all arch/x86/kvm/x86.c 1 exit_stats_count(vcpu, rdtsc())
// expect: reentered >=5.12 arch/x86/kvm/x86.c 1 exit_stats_reentered(vcpu);
// expect: reentered <5.12 arch/x86/kvm/vmx/vmx.c 1 exit_stats_reentered_inside(vcpu);
// expect: done all arch/x86/kvm/x86.c 1 exit_stats_done(vcpu, exit_fastpath);
// expect: halt all arch/x86/kvm/x86.c 1 if (exit_stats_halt_again(vcpu))
// expect: cpuid all arch/x86/kvm/cpuid.c 1 exit_stats_cpuid(vcpu, eax, ebx, ecx, edx)
// expect: debugfs all virt/kvm/kvm_main.c 1 exit_stats_debugfs(kvm_debugfs_dir);
// expect: debugfs all virt/kvm/kvm_main.c 1 exit_stats_vm_debugfs(kvm);

@include@
@@
 #include <linux/kvm_host.h>
+#include "exit_stats.h"

// Of the files given, only x86.c includes this one; it contains every exit's path.
@include_hooks@
@@
 #include "kvm_emulate.h"
+#include "exit_hooks.h"

// Reserves room behind the vCPU before the slab cache of vCPUs is made.
@reserve@
expression size, align, flags, offset, length, constructor;
symbol kvm_vcpu_cache;
@@
 kvm_init(...)
 {
 ...
+size = exit_stats_reserve(size);
 kvm_vcpu_cache = kmem_cache_create_usercopy("kvm_vcpu", size, align, flags, offset, length, constructor);
 ...
 }

@create@
expression vcpu, flags;
symbol kvm_vcpu_cache;
@@
-vcpu = kmem_cache_zalloc(kvm_vcpu_cache, flags);
+vcpu = exit_stats_zalloc(kvm_vcpu_cache, flags);

@free@
expression vcpu;
symbol kvm_vcpu_cache;
@@
-kmem_cache_free(kvm_vcpu_cache, vcpu);
+exit_stats_free(kvm_vcpu_cache, vcpu);

@entry@
identifier vcpu, fastpath;
symbol kvm_x86_vcpu_run, vcpu_run, kvm_x86_ops;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <...
(
+exit_stats_entry(vcpu);
 fastpath = static_call(kvm_x86_vcpu_run)(vcpu, ...);
|
+exit_stats_entry(vcpu);
 fastpath = kvm_x86_call(vcpu_run)(vcpu, ...);
|
+exit_stats_entry(vcpu);
 fastpath = kvm_x86_ops.run(vcpu);
)
 ...>
 }

// Counts with the TSC that KVM reads right after the last exit of the loop.
@count@
identifier vcpu;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <...
-vcpu->arch.last_guest_tsc = kvm_read_l1_tsc(vcpu, rdtsc());
+vcpu->arch.last_guest_tsc = kvm_read_l1_tsc(vcpu, exit_stats_count(vcpu, rdtsc()));
 ...>
 }

// KVM counts that exit further down, after the interrupts that came with it; any
// other ++stat.exits counts an exit after which the fastpath entered again.
@slow@
identifier vcpu;
position p;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <...
 local_irq_enable();
 ++vcpu->stat.exits@p;
 ...>
 }

@reentered@
identifier vcpu;
position p != slow.p;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <...
 ++vcpu->stat.exits@p;
+exit_stats_reentered(vcpu);
 ...>
 }

// Before 5.12 the vendor's vcpu_run enters again by itself.
@reentered_inside@
identifier vcpu;
symbol reenter_guest;
@@
 vmx_vcpu_run(struct kvm_vcpu *vcpu)
 {
 <...
+exit_stats_reentered_inside(vcpu);
 goto reenter_guest;
 ...>
 }

// Debian's 5.10 counts ranges of an MSR filter as exits, as a hunk of a backport went
// astray. Counting them apart lets KVM's own count still be compared exactly.
@stray@
identifier vcpu;
@@
 kvm_msr_allowed(struct kvm_vcpu *vcpu, ...)
 {
 <...
 ++vcpu->stat.exits;
+exit_stats_of(vcpu)->stray++;
 ...>
 }

@done@
identifier vcpu, r, fastpath;
symbol kvm_x86_handle_exit, handle_exit, kvm_x86_ops;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <...
(
 r = static_call(kvm_x86_handle_exit)(vcpu, fastpath);
+exit_stats_done(vcpu, fastpath);
|
 r = kvm_x86_call(handle_exit)(vcpu, fastpath);
+exit_stats_done(vcpu, fastpath);
|
 r = kvm_x86_ops.handle_exit(vcpu, fastpath);
+exit_stats_done(vcpu, fastpath);
)
 ...>
 }

// Adds the seeded regression. kvm_emulate_halt_noskip() lacks it, as its callers have
// no HLT that the guest could execute once more. A fastpath for HLT comes through
// here, too.
@halt@
identifier vcpu, ret;
@@
 kvm_emulate_halt(struct kvm_vcpu *vcpu)
 {
-int ret = kvm_skip_emulated_instruction(vcpu);
+int ret;
+
+if (exit_stats_halt_again(vcpu))
+	return 1;
+ret = kvm_skip_emulated_instruction(vcpu);
 ...
 }

// Asks only where the guest's table has no such leaf, so that others cost nothing.
@cpuid@
identifier vcpu, eax, ebx, ecx, edx, found, exact_only;
symbol true;
@@
 kvm_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx, bool exact_only)
 {
 ...
 if (!found && !exact_only) {
+	if (exit_stats_cpuid(vcpu, eax, ebx, ecx, edx))
+		return true;
 	...
 }
 ...
 }

@vm_debugfs@
identifier kvm, dent;
@@
 kvm_create_vm_debugfs(struct kvm *kvm, ...)
 {
 ...
 kvm->debugfs_dentry = dent;
+exit_stats_vm_debugfs(kvm);
 ...
 }

@debugfs@
symbol kvm_debugfs_dir;
@@
 kvm_init(...)
 {
 ...
 kvm_init_debug();
+exit_stats_debugfs(kvm_debugfs_dir);
 ...
 }
