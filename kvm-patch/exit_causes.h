/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeps the causes of a vCPU's exits (exit_causes=N): what each exit was about, and
 * which code of the guest made it. Each vCPU has a table of N entries, which only
 * its own thread writes.
 */
#ifndef EXIT_CAUSES_H
#define EXIT_CAUSES_H

#include "exit_stats.h"

/*
 * A moment contains the epoch of the newest latch (in the lower half) and that of the
 * newest latch that is to be kept, the mark (in the upper half). It is one number, so
 * that one comparison shows whether either is newer than a count's last change.
 */
static inline u32 exit_epoch_of(u64 moment)
{
	return lower_32_bits(moment);
}

static inline u32 exit_mark_of(u64 moment)
{
	return upper_32_bits(moment);
}

/* Is one cache line: all that an exit touches of its cause. */
struct exit_cause {
	u64 rip;		/* linear */
	u64 detail;		/* as stored; exit_causes_detail() decodes it */
	u32 key;		/* slot, kind, EXIT_CAUSE_USED; 0: a free entry */
	u64 moment;		/* when `latched` and the mark's values were saved */
	u64 count;
	u64 cycles;
	u64 latched;		/* count at the moment's latch */
	u64 latched_cycles;
} __aligned(64);

/* Contains a cause's values at the moment's mark. */
struct exit_cause_marked {
	u64 count;
	u64 cycles;
};

#define EXIT_CAUSE_USED (1U << 31)
#define EXIT_CAUSE_KIND_SHIFT 16

/*
 * Contains what causes need for a slot. It is as large as an exit_slot, so that one is
 * found from the other without a multiplication.
 */
struct exit_cause_slot {
	u64 moment;		/* when `latched` and the lost exits were saved */
	u64 latched;		/* the slot's count at the moment's latch */
	u64 info_mask;		/* of EXITINFO1 or the qualification, where `detail` is 0 */
	u32 key;		/* of 64-bit code at CPL 0 */
	u32 detail;		/* enum exit_detail */
};

/* Counts exits that found no entry: now, at the moment's latch and at its mark. */
struct exit_cause_lost {
	u64 now;
	u64 latched;
	u64 marked;
};

struct exit_causes {
	atomic_t sequence;	/* odd: an exit is being counted */
	u32 place_mask;		/* a hash's bits that are an entry's offset in the table */
	u64 moment;		/* of the newest latch; its taker writes it */
	struct exit_cause none;	/* gets the cycles of exits without an entry */
	struct exit_cause_slot slots[2 * EXIT_SLOTS];
	struct exit_cause_lost lost[2 * EXIT_SLOTS];
	struct exit_cause_marked *marked;	/* of the table's entries, behind them */
	struct exit_cause table[];
};

/* Each vCPU's table has so many entries, a power of two; 0: causes are off. */
extern unsigned int exit_causes;

#define EXIT_CAUSES_MIN 16
#define EXIT_CAUSES_MAX 65536

bool exit_causes_possible(void);
bool exit_causes_alloc(struct exit_stats *stats, gfp_t flags);
void exit_causes_free(struct exit_stats *stats);

/*
 * Begins a latch for this vCPU, and with `mark` keeps it beyond the next one. Exits that
 * the vCPU counts after the return are later; none is half counted then.
 */
void exit_causes_begin_latch(struct exit_stats *stats, u32 epoch, bool mark);
/* Begins a latch for all vCPUs of a VM, for the host. */
void exit_causes_latch_vm(struct kvm *kvm);
/* Returns a slot's count at the newest latch. */
u64 exit_causes_latched(const struct exit_stats *stats, u32 slot);
/* Returns a cause's detail in the bits that README.md lists. */
u64 exit_causes_detail(const struct exit_cause *cause);

/* Implements the file exit_causes of a VM. */
extern const struct file_operations exit_causes_fops;

#endif
