/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The causes of a vCPU's exits (exit_causes=N): what each exit was about, and
 * which code of the guest made it. A table of N entries a vCPU, written by its
 * own thread only.
 */
#ifndef EXIT_CAUSES_H
#define EXIT_CAUSES_H

#include "exit_stats.h"

/*
 * A moment: the newest latch (its epoch, in the lower half) and the newest latch that is
 * to be kept (the mark, in the upper half). One number, so that one comparison says
 * whether either is newer than a count's last change.
 */
static inline u32 exit_epoch_of(u64 moment)
{
	return lower_32_bits(moment);
}

static inline u32 exit_mark_of(u64 moment)
{
	return upper_32_bits(moment);
}

/* A line of the cache: all that an exit touches of its cause. */
struct exit_cause {
	u64 rip;		/* linear */
	u64 detail;		/* as it is kept: exit_causes_detail() says what it means */
	u32 key;		/* slot, kind, EXIT_CAUSE_USED; 0: a free entry */
	u64 moment;		/* when `latched` and the mark's values were kept */
	u64 count;
	u64 cycles;
	u64 latched;		/* count at the moment's latch */
	u64 latched_cycles;
} __aligned(64);

/* The same at the moment's mark. */
struct exit_cause_marked {
	u64 count;
	u64 cycles;
};

#define EXIT_CAUSE_USED (1U << 31)
#define EXIT_CAUSE_KIND_SHIFT 16

/*
 * What causes need of a slot. As large as an exit_slot, so that the one is found from the
 * other without a multiplication.
 */
struct exit_cause_slot {
	u64 moment;		/* when `latched` and what was lost by then were kept */
	u64 latched;		/* the slot's count at the moment's latch */
	u64 info_mask;		/* of EXITINFO1 or the qualification, where `detail` is 0 */
	u32 key;		/* of 64-bit code at CPL 0 */
	u32 detail;		/* enum exit_detail */
};

/* Exits that found no entry: now, at the moment's latch, at its mark. */
struct exit_cause_lost {
	u64 now;
	u64 latched;
	u64 marked;
};

struct exit_causes {
	atomic_t sequence;	/* odd: an exit is being counted */
	u32 place_mask;		/* a hash's bits that are an entry's offset in the table */
	u64 moment;		/* of the newest latch; whoever takes it writes */
	struct exit_cause none;	/* stands for an entry where there is none */
	struct exit_cause_slot slots[2 * EXIT_SLOTS];
	struct exit_cause_lost lost[2 * EXIT_SLOTS];
	struct exit_cause_marked *marked;	/* of the table's entries, behind them */
	struct exit_cause table[];
};

/* Entries a vCPU, a power of two; 0: off. */
extern unsigned int exit_causes;

#define EXIT_CAUSES_MIN 16
#define EXIT_CAUSES_MAX 65536

bool exit_causes_possible(void);
bool exit_causes_alloc(struct exit_stats *stats, gfp_t flags);
void exit_causes_free(struct exit_stats *stats);

/*
 * Begins a latch for this vCPU, and keeps it beyond the next one where it is to be a
 * mark. What the vCPU counts from now on is later; no exit is half counted then.
 */
void exit_causes_begin_latch(struct exit_stats *stats, u32 epoch, bool mark);
/* The same for all vCPUs of a VM, by the host. */
void exit_causes_latch_vm(struct kvm *kvm);
/* The count of a slot as it stood at the newest latch. */
u64 exit_causes_latched(const struct exit_stats *stats, u32 slot);
/* What a cause's exits were about, as README.md has it. */
u64 exit_causes_detail(const struct exit_cause *cause);

/* The file exit_causes of a VM. */
extern const struct file_operations exit_causes_fops;

#endif
