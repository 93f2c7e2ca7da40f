/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declares the exit counts and cycles of a vCPU by exit number, and the functions
 * that KVM calls; those on an exit's path are in exit_hooks.h.
 *
 * Only the vCPU's own thread writes its counts, so an exit takes no lock and,
 * without causes, no atomic; a reader adds up over the vCPUs. The counts lie
 * behind the vCPU in its slab object: no structure of KVM changes, so the
 * exported symbols' CRCs stay those of the stock modules.
 */
#ifndef EXIT_STATS_H
#define EXIT_STATS_H

#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "exit_leaves.h"

/* Slot 0 counts every number that the vendor's manual does not define. */
#define EXIT_SLOT_OTHER 0
#define EXIT_SLOTS 176
/* Numbers below this find their slot by one table access. */
#define EXIT_DIRECT 0x404

#define EXIT_NAME_SIZE 32

struct exit_slot {
	u64 count;
	u64 cycles;		/* from the exit to the end of its handling in the kernel */
	u64 to_entry;		/* cycles from the exit to the next entry */
	u64 fastpath;		/* how many of them the fastpath handled */
};

/* Contains all counts in scope as they stood when this vCPU last read a total. */
struct exit_latch {
	u64 seq;
	u64 total;		/* the sum of the other vCPUs' counts and this one's own total */
	u64 kvm_exits;		/* KVM's own count, each vCPU's taken before its counts */
	u64 later_kvm_exits;	/* and taken after them */
	bool mark;		/* the causes' newest mark is this latch */
	u64 counts[EXIT_SLOTS];
};

struct exit_stats {
	/* These are the slot of the last counted exit (never NULL) and the TSC then. */
	struct exit_slot *current_slot;
	u64 started;
	u64 total;
	/* The guest's own slots come first, then those of its own guests (nested). */
	struct exit_slot slots[2 * EXIT_SLOTS];
	struct exit_slot none;	/* current_slot before the first exit */
	u64 failed;		/* VMLAUNCHes, VMRESUMEs that failed without a defined number */
	s64 stray;		/* how many more KVM's stat.exits counts than there were */
	u64 *histogram;		/* 64 buckets a slot, or NULL */
	u64 logged;		/* total when a line was last due in the log */
	struct exit_causes *causes;	/* NULL: exit_causes is off */
	long causes_distance;	/* in bytes, from a slot to its exit_cause_slot */
	u64 *cause_cycles;	/* of the last counted exit's cause; never NULL with causes */
	bool halt_again;	/* exit_hlt_twice: the guest is sent back to its HLT */
	struct list_head list;
	struct mutex latch_lock;	/* of latch: its vCPU writes, the host reads */
	struct exit_latch latch;
};

struct exit_causes;

struct exit_map {
	bool svm;
	u32 direct;		/* exit_count_apart() counts from this on; 0 with causes */
	u32 slots;		/* in use, EXIT_SLOT_OTHER included */
	u16 offset_of[EXIT_DIRECT];	/* number to its slot's offset in a vCPU's object */
	u32 number_of[EXIT_SLOTS];
};

enum exit_scope { EXIT_SCOPE_VM, EXIT_SCOPE_HOST };

extern struct exit_map exit_map;
extern enum exit_scope exit_scope;
extern bool exit_histograms;

/* The keys show what is on; a key costs an exit one instruction that does nothing. */
DECLARE_STATIC_KEY_TRUE(exit_counts_key);
DECLARE_STATIC_KEY_TRUE(exit_svm_key);
DECLARE_STATIC_KEY_FALSE(exit_more_key);	/* any of the next two */
DECLARE_STATIC_KEY_FALSE(exit_causes_key);
DECLARE_STATIC_KEY_FALSE(exit_extra_key);	/* histograms or log_every */
DECLARE_STATIC_KEY_FALSE(exit_hlt_twice_key);

unsigned int exit_stats_reserve(unsigned int vcpu_size);
void *exit_stats_zalloc(struct kmem_cache *cache, gfp_t flags);
void exit_stats_free(struct kmem_cache *cache, struct kvm_vcpu *vcpu);
void exit_stats_debugfs(struct dentry *kvm_folder);
void exit_stats_vm_debugfs(struct kvm *kvm);
void exit_stats_extra(struct kvm_vcpu *vcpu, u64 cycles);
void exit_count_apart(struct kvm_vcpu *vcpu, u32 number, u64 tsc);
void exit_stats_reentered(struct kvm_vcpu *vcpu);
void exit_stats_reentered_inside(struct kvm_vcpu *vcpu);
bool exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);

struct exit_stats *exit_stats_of(struct kvm_vcpu *vcpu);
struct exit_slot *exit_slot_search(struct kvm_vcpu *vcpu, u32 number);
const char *exit_layout_name(void);
const char *exit_scope_name(void);
void exit_name(u32 number, char name[EXIT_NAME_SIZE]);
bool exit_handled(u32 number);

/* Returns KVM's own count, corrected by what it counts wrongly: see the hook "stray". */
static inline u64 exit_kvm_exits(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->stat.exits) - READ_ONCE(exit_stats_of(vcpu)->stray);
}

/* Returns the count of a slot's number: the guest's own exits and those of its guests. */
static inline u64 exit_count_in(const struct exit_stats *stats, u32 slot)
{
	return READ_ONCE(stats->slots[slot].count) +
	       READ_ONCE(stats->slots[EXIT_SLOTS + slot].count);
}

#endif
