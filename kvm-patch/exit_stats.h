/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exit counts and cycles of a vCPU by exit number, and the hooks that keep them.
 *
 * Only the vCPU's own thread writes its counts, so there is no lock and no
 * atomic on the way of an exit; whoever reads adds up over the VM's vCPUs.
 * They sit behind the vCPU in its slab object: no structure of KVM changes, so
 * the exported symbols' CRCs stay those of the stock modules.
 */
#ifndef EXIT_STATS_H
#define EXIT_STATS_H

#include <linux/kvm_host.h>
#include <linux/seqlock.h>
#include <asm/msr.h>

#include "exit_leaves.h"

/* Slot 0 takes every number that the vendor's manual does not define. */
#define EXIT_SLOT_OTHER 0
#define EXIT_SLOTS 192
/* Numbers below this find their slot by one table access. */
#define EXIT_DIRECT 0x404

struct exit_slot {
	u64 count;
	u64 cycles;
};

/* All of the VM's counts as they stood when this vCPU last read a total. */
struct exit_latch {
	seqcount_t lock;
	u64 seq;
	u64 total;
	u64 kvm_exits;
	u64 counts[EXIT_SLOTS];
};

struct exit_stats {
	/* The exit being served: its slot, and the TSC when it was counted. */
	struct exit_slot *current_slot;
	u64 started;
	u64 total;
	u64 total_cycles;
	struct exit_slot slots[EXIT_SLOTS];
	struct exit_latch latch;
};

struct exit_map {
	u32 offset;		/* of struct exit_stats behind a vCPU */
	u32 vmcb;		/* SVM: of the pointer to the VMCB in a vCPU, or 0 */
	u32 exit_code;		/* SVM: of the exit code in the VMCB */
	u32 exit_reason;	/* VMX: of the exit reason in a vCPU */
	u32 slots;		/* in use, EXIT_SLOT_OTHER included */
	u8 slot_of[EXIT_DIRECT];
	u32 number_of[EXIT_SLOTS];
};

extern struct exit_map exit_map;

unsigned int exit_stats_reserve(unsigned int vcpu_size);
void exit_stats_debugfs(struct kvm *kvm);
u32 exit_slot_search(u32 number);
bool exit_stats_answer(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
const char *exit_layout_name(void);

static __always_inline struct exit_stats *exit_stats_of(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu + exit_map.offset;
}

static __always_inline u32 exit_slot_of(u32 number)
{
	if (likely(number < EXIT_DIRECT))
		return exit_map.slot_of[number];
	return exit_slot_search(number);
}

/*
 * Where the vendor modules' own handlers take it from. kvm_x86_ops has
 * get_exit_info() for it, which costs some 40 instructions, and VMREADs on VMX.
 */
static __always_inline u32 exit_number(struct kvm_vcpu *vcpu)
{
	if (exit_map.vmcb)
		return *(u32 *)(*(void **)((void *)vcpu + exit_map.vmcb) + exit_map.exit_code);
	/* The basic exit reason is bits 15:0 (SDM vol. 3, 25.9.1). */
	return *(u16 *)((void *)vcpu + exit_map.exit_reason);
}

/*
 * Counts an exit: beside every ++stat.exits, that is once for each, fastpath or
 * not, and before a handler of nested exits can switch the VMCB or VMCS.
 */
static __always_inline void exit_stats_count(struct kvm_vcpu *vcpu)
{
	struct exit_stats *stats = exit_stats_of(vcpu);
	struct exit_slot *slot = &stats->slots[exit_slot_of(exit_number(vcpu))];

	/* Or the compiler works the address out twice. */
	OPTIMIZER_HIDE_VAR(slot);
	slot->count++;
	stats->total++;
	stats->current_slot = slot;
	stats->started = rdtsc();
}

/* Adds the cycles of the exit counted last: after its handler. */
static __always_inline void exit_stats_done(struct kvm_vcpu *vcpu)
{
	struct exit_stats *stats = exit_stats_of(vcpu);
	u64 spent = rdtsc() - stats->started;

	stats->current_slot->cycles += spent;
	stats->total_cycles += spent;
}

/* True where the leaf in eax is one of ours: then the registers are the answer. */
static __always_inline bool exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax,
					     u32 *ebx, u32 *ecx, u32 *edx)
{
	if (likely(*eax - EXIT_LEAF_FIRST > EXIT_LEAF_LAST - EXIT_LEAF_FIRST))
		return false;
	return exit_stats_answer(vcpu, eax, ebx, ecx, edx);
}

#endif
