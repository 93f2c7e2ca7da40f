/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contains what runs on every exit. Of KVM's files only x86.c includes it; the
 * patch's own do for the offsets. The hooks stand here in a vCPU's loop:
 *
 *   entry  count  done   entry  count  done   entry ...
 *     |------|      |      |
 *      guest |------|      |        cycles
 *            |-------------|        to_entry
 *
 * count stands where KVM stores last_guest_tsc: right after the exit, before the
 * interrupts that came with it, with interrupts and preemption off.
 */
#ifndef EXIT_HOOKS_H
#define EXIT_HOOKS_H

#include <asm/msr.h>

#include "exit_stats.h"
#include "x86.h"
#include "svm/svm.h"
#include "vmx/vmx.h"
#ifdef CONFIG_KVM_INTEL_TDX
#include "vmx/tdx.h"
#define EXIT_TDX_SIZE sizeof(struct vcpu_tdx)
#else
#define EXIT_TDX_SIZE 0
#endif

/* The counts lie behind the largest vendor's vCPU: a constant offset costs an exit nothing. */
#define EXIT_STATS_OFFSET								\
	ALIGN(max_t(size_t, max_t(size_t, sizeof(struct vcpu_svm), sizeof(struct vcpu_vmx)),\
		    EXIT_TDX_SIZE), SMP_CACHE_BYTES)

#ifdef EXIT_VCPU_VT
#define EXIT_VMX_REASON offsetof(struct vcpu_vmx, vt.exit_reason)
#else
#define EXIT_VMX_REASON offsetof(struct vcpu_vmx, exit_reason)
#endif

static __always_inline struct exit_stats *exit_stats_behind(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu + EXIT_STATS_OFFSET;
}

/*
 * Reads the exit number where the vendor modules' own handlers read it.
 * get_exit_info() of kvm_x86_ops would cost some 40 instructions, and VMREADs on VMX.
 */
static __always_inline u32 exit_number(struct kvm_vcpu *vcpu)
{
	if (static_branch_likely(&exit_svm_key))
		return container_of(vcpu, struct vcpu_svm, vcpu)->vmcb->control.exit_code;
	/* The basic exit reason is bits 15:0 (SDM vol. 3, 25.9.1). */
	return *(u16 *)((void *)vcpu + EXIT_VMX_REASON);
}

/* Counts an exit; returns the TSC that it was given. */
static __always_inline u64 exit_count(struct kvm_vcpu *vcpu, u64 tsc)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);
	u32 number = exit_number(vcpu);
	struct exit_slot *slot;

	if (unlikely(number >= exit_map.direct)) {
		exit_count_apart(vcpu, number, tsc);
		/* Reading it back spares all other exits a register kept across that call. */
		return READ_ONCE(stats->started);
	}
	slot = (void *)vcpu + exit_map.offset_of[number];
	if (unlikely(is_guest_mode(vcpu))) {
		slot += EXIT_SLOTS;
		/* Forces a jump: one rarely taken is cheaper than a move always made. */
		barrier();
	}
	slot->count++;
	stats->total++;
	stats->current_slot = slot;
	stats->started = tsc;
	return tsc;
}

/*
 * Counts an exit, with the TSC that KVM reads right after it anyway: once for
 * each ++stat.exits that follows, fastpath or not, and before a handler of
 * nested exits can switch the VMCB or VMCS.
 */
static __always_inline u64 exit_stats_count(struct kvm_vcpu *vcpu, u64 tsc)
{
	if (static_branch_likely(&exit_counts_key))
		return exit_count(vcpu, tsc);
	return tsc;
}

/* Returns the cycles since the last counted exit; 0 if the TSC was set back meanwhile. */
static __always_inline u64 exit_cycles(const struct exit_stats *stats)
{
	u64 cycles;

	if (unlikely(__builtin_sub_overflow(rdtsc(), stats->started, &cycles))) {
		cycles = 0;
		barrier();
	}
	return cycles;
}

/* Runs after the handler of the last counted exit. */
static __always_inline void exit_stats_done(struct kvm_vcpu *vcpu, int fastpath)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);
	u64 cycles;

	if (!static_branch_likely(&exit_counts_key))
		return;
	cycles = exit_cycles(stats);
	stats->current_slot->cycles += cycles;
	if (unlikely(fastpath))
		stats->current_slot->fastpath++;
	if (!static_branch_unlikely(&exit_more_key))
		return;
	if (static_branch_likely(&exit_causes_key))
		*stats->cause_cycles += cycles;
	if (static_branch_unlikely(&exit_extra_key))
		exit_stats_extra(vcpu, cycles);
}

/* Runs before each entry, a fastpath's included. */
static __always_inline void exit_stats_entry(struct kvm_vcpu *vcpu)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);

	if (static_branch_likely(&exit_counts_key))
		stats->current_slot->to_entry += exit_cycles(stats);
}

/*
 * Runs before HLT is emulated; is true where the guest has to execute it once more first.
 * Its interrupt shadow stays (STI; HLT), so that no interrupt comes between the two and
 * leaves the guest asleep.
 */
static __always_inline bool exit_stats_halt_again(struct kvm_vcpu *vcpu)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);

	if (!static_branch_unlikely(&exit_hlt_twice_key))
		return false;
	stats->halt_again = !stats->halt_again;
	return stats->halt_again;
}

#endif
