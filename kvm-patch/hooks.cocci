// SPDX-License-Identifier: GPL-2.0
//
// The hooks of the exit counts in KVM: all that changes in its sources.
//
// A rule that matches nothing is silent, so build-modules counts afterwards what
// the lines "expect: HOOK FILE TIMES TEXT" say, and stops at the first that is
// not so.
//
// expect: include arch/x86/kvm/x86.c 1 #include "exit_stats.h"
// expect: include arch/x86/kvm/cpuid.c 1 #include "exit_stats.h"
// expect: include arch/x86/kvm/debugfs.c 1 #include "exit_stats.h"
// expect: include virt/kvm/kvm_main.c 1 #include "exit_stats.h"
// expect: reserve virt/kvm/kvm_main.c 1 vcpu_size = exit_stats_reserve(vcpu_size);
// expect: count arch/x86/kvm/x86.c 2 exit_stats_count(vcpu);
// expect: done arch/x86/kvm/x86.c 1 exit_stats_done(vcpu);
// expect: cpuid arch/x86/kvm/cpuid.c 1 exit_stats_cpuid(vcpu, &eax, &ebx, &ecx, &edx)
// expect: debugfs arch/x86/kvm/debugfs.c 1 exit_stats_debugfs(kvm);

@include@
@@
 #include <linux/kvm_host.h>
+#include "exit_stats.h"

// Room behind the vCPU, before the slab cache of vCPUs is made.
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

// Beside KVM's own count: the fastpath's re-entries and the ordinary exits.
@count@
identifier vcpu;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 <...
 ++vcpu->stat.exits;
+exit_stats_count(vcpu);
 ...>
 }

@done@
identifier vcpu, r;
symbol kvm_x86_handle_exit;
@@
 vcpu_enter_guest(struct kvm_vcpu *vcpu)
 {
 ...
 r = static_call(kvm_x86_handle_exit)(vcpu, ...);
+exit_stats_done(vcpu);
 ...
 }

@cpuid@
identifier vcpu, eax, ebx, ecx, edx;
symbol false;
@@
 kvm_emulate_cpuid(struct kvm_vcpu *vcpu)
 {
 ...
-kvm_cpuid(vcpu, &eax, &ebx, &ecx, &edx, false);
+if (!exit_stats_cpuid(vcpu, &eax, &ebx, &ecx, &edx))
+	kvm_cpuid(vcpu, &eax, &ebx, &ecx, &edx, false);
 ...
 }

@debugfs@
identifier kvm;
expression list rest;
@@
 kvm_arch_create_vm_debugfs(struct kvm *kvm)
 {
 ...
 debugfs_create_file("mmu_rmaps_stat", rest);
+exit_stats_debugfs(kvm);
 ...
 }
