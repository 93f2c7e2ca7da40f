// SPDX-License-Identifier: GPL-2.0
/*
 * Counts exits by their cause: what an exit was about (its detail), and which code
 * of the guest made it. An exit is added to its number's count and to its cause (or
 * to its number's lost exits) in one section with interrupts off, so the causes of a
 * number and its lost exits always add up to its count.
 *
 * Taking a latch copies nothing. Each count stores the moment for which its `latched`
 * is valid; the first exit after a newer latch saves the value from before it. So a
 * latch is of one moment even for a vCPU that goes on counting.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>

#ifdef CONFIG_HYPERV
#include <asm/mshyperv.h>
#endif

#include "exit_causes.h"
#include "exit_details_svm.h"
#include "exit_details_vmx.h"

/* The search for a cause looks at this many entries at most. */
#define PROBES 64

/* A hash's bits from here on choose an entry: the upper bits depend on all that is hashed. */
#define PLACE_SHIFT 42

/*
 * Refuses causes where Hyper-V recommends an enlightened VMCS: VMREAD cannot read it,
 * and only kvm-intel knows whether KVM uses it.
 */
bool exit_causes_possible(void)
{
#ifdef CONFIG_HYPERV
	if (!boot_cpu_has(X86_FEATURE_SVM) &&
	    (ms_hyperv.hints & HV_X64_ENLIGHTENED_VMCS_RECOMMENDED))
		return false;
#endif
	return true;
}

static void prepare_slots(struct exit_causes *causes)
{
	u32 slot, index;

	BUILD_BUG_ON(sizeof(struct exit_cause_slot) != sizeof(struct exit_slot));
	for (index = 0; index < 2 * EXIT_SLOTS; index++) {
		struct exit_cause_slot *of_slot = &causes->slots[index];
		u32 kind = EXIT_MODE_64 | (index < EXIT_SLOTS ? 0 : EXIT_KIND_NESTED), number;

		slot = index % EXIT_SLOTS;
		number = exit_map.number_of[slot];
		of_slot->key = EXIT_CAUSE_USED | kind << EXIT_CAUSE_KIND_SHIFT | slot;
		if (slot >= exit_map.slots)
			continue;
		of_slot->detail = exit_map.svm ? asked_detail_svm(number) : asked_detail_vmx(number);
		of_slot->info_mask = exit_map.svm ? info_mask_svm(number) : info_mask_vmx(number);
	}
}

bool exit_causes_alloc(struct exit_stats *stats, gfp_t flags)
{
	struct exit_causes *causes;

	if (!static_key_enabled(&exit_causes_key))
		return true;
	causes = kvzalloc(struct_size(causes, table, exit_causes) +
			  exit_causes * sizeof(*causes->marked), flags);
	if (!causes)
		return false;
	BUILD_BUG_ON(sizeof(struct exit_cause) != 64);
	causes->marked = (void *)&causes->table[exit_causes];
	causes->place_mask = (exit_causes - 1) * sizeof(struct exit_cause);
	prepare_slots(causes);
	stats->causes = causes;
	stats->causes_distance = (void *)causes->slots - (void *)stats->slots;
	stats->cause_cycles = &causes->none.cycles;
	return true;
}

void exit_causes_free(struct exit_stats *stats)
{
	kvfree(stats->causes);
}

u64 exit_causes_detail(const struct exit_cause *cause)
{
	u32 number = exit_map.number_of[cause->key & 0xffff];

	return exit_map.svm ? shown_detail_svm(number, cause->detail)
			    : shown_detail_vmx(number, cause->detail);
}

static __always_inline struct exit_cause_slot *cause_slot_of(const struct exit_stats *stats,
							     struct exit_slot *slot)
{
	return (void *)slot + stats->causes_distance;
}

/*
 * Returns the entry at which the search for a cause begins. The factor is odd and has
 * bits everywhere, so that details that lie close together do not collide with
 * neighbouring instructions.
 */
static __always_inline struct exit_cause *first_place(struct exit_causes *causes, u64 rip, u64 detail)
{
	u64 hash = (rip + detail * 0x61c88647) * GOLDEN_RATIO_64;

	return (void *)causes->table + (hash >> PLACE_SHIFT & causes->place_mask);
}

static __always_inline bool is_entry_of(const struct exit_cause *cause, u64 rip, u64 detail, u32 key)
{
	return cause->key == key && cause->rip == rip && cause->detail == detail;
}

/* Returns the entry of a cause, taking a free one for a new cause; NULL if neither is near. */
static struct exit_cause *find_cause(struct exit_causes *causes, u64 rip, u64 detail, u32 key)
{
	u32 mask = exit_causes - 1, at = first_place(causes, rip, detail) - causes->table, probe;

	for (probe = 0; probe < PROBES; probe++) {
		struct exit_cause *cause = &causes->table[(at + probe) & mask];

		if (likely(is_entry_of(cause, rip, detail, key)))
			return cause;
		if (!cause->key) {
			cause->rip = rip;
			cause->detail = detail;
			/* A reader that sees the key sees the rest. */
			smp_store_release(&cause->key, key);
			return cause;
		}
	}
	return NULL;
}

/*
 * Begins a section in which an exit is counted; returns the newest moment. Because of
 * the full barrier that moment includes a latch that began earlier, and one that begins
 * later waits for the section's end.
 */
static __always_inline u64 begin_section(struct exit_causes *causes)
{
	atomic_inc(&causes->sequence);
	smp_mb__after_atomic();
	return READ_ONCE(causes->moment);
}

static __always_inline void end_section(struct exit_causes *causes)
{
	/* No atomic is needed: only this thread writes it, by one instruction, in x86's order. */
	barrier();
	causes->sequence.counter++;
}

/* Adds the exit to its slot and its cause, which have saved their values at the last latch. */
static __always_inline void add_exit(struct exit_stats *stats, struct exit_slot *slot,
				     struct exit_cause *cause)
{
	slot->count++;
	stats->total++;
	cause->count++;
	stats->cause_cycles = &cause->cycles;
}

/*
 * Saves a slot's values of the last latch and mark. A reader that reads the count first
 * and then its moment knows whether the count or the saved value is the latched one.
 */
static void keep_slot(struct exit_causes *causes, const struct exit_slot *slot,
		      struct exit_cause_slot *of_slot, u64 moment)
{
	struct exit_cause_lost *lost = &causes->lost[of_slot - causes->slots];

	if (exit_mark_of(of_slot->moment) != exit_mark_of(moment))
		lost->marked = lost->now;
	if (exit_epoch_of(of_slot->moment) != exit_epoch_of(moment)) {
		lost->latched = lost->now;
		of_slot->latched = slot->count;
	}
	smp_store_release(&of_slot->moment, moment);
	barrier();
}

static void keep_cause(struct exit_causes *causes, struct exit_cause *cause, u64 moment)
{
	if (exit_mark_of(cause->moment) != exit_mark_of(moment)) {
		struct exit_cause_marked *marked = &causes->marked[cause - causes->table];

		marked->count = cause->count;
		marked->cycles = cause->cycles;
	}
	if (exit_epoch_of(cause->moment) != exit_epoch_of(moment)) {
		cause->latched = cause->count;
		cause->latched_cycles = cause->cycles;
	}
	smp_store_release(&cause->moment, moment);
	barrier();
}

/* Ends a section whose slot or cause has not counted since the last latch: saves them first. */
static noinline void count_after_latch(struct exit_stats *stats, struct exit_slot *slot,
				       struct exit_cause *cause, u64 moment)
{
	struct exit_causes *causes = stats->causes;

	keep_slot(causes, slot, cause_slot_of(stats, slot), moment);
	keep_cause(causes, cause, moment);
	add_exit(stats, slot, cause);
	end_section(causes);
}

static __always_inline void count_cause(struct exit_stats *stats, struct exit_slot *slot,
					struct exit_cause *cause)
{
	struct exit_causes *causes = stats->causes;
	u64 moment = begin_section(causes);

	if (unlikely(cause_slot_of(stats, slot)->moment != moment || cause->moment != moment))
		return count_after_latch(stats, slot, cause, moment);
	add_exit(stats, slot, cause);
	end_section(causes);
}

static noinline void count_lost(struct exit_stats *stats, struct exit_slot *slot)
{
	struct exit_causes *causes = stats->causes;
	struct exit_cause_slot *of_slot = cause_slot_of(stats, slot);
	u64 moment = begin_section(causes);

	if (of_slot->moment != moment)
		keep_slot(causes, slot, of_slot, moment);
	slot->count++;
	stats->total++;
	causes->lost[of_slot - causes->slots].now++;
	stats->cause_cycles = &causes->none.cycles;
	end_section(causes);
}

static noinline void count_searched(struct exit_stats *stats, struct exit_slot *slot, u64 rip,
				    u64 detail, u32 key)
{
	struct exit_cause *cause = find_cause(stats->causes, rip, detail, key);

	if (cause)
		count_cause(stats, slot, cause);
	else
		count_lost(stats, slot);
}

/* Searches only where the first entry is another cause's: a known cause mostly lies there. */
static __always_inline void count_known(struct exit_stats *stats, struct exit_slot *slot, u64 rip,
					u64 detail, u32 key)
{
	struct exit_cause *cause = first_place(stats->causes, rip, detail);

	if (unlikely(!is_entry_of(cause, rip, detail, key)))
		return count_searched(stats, slot, rip, detail, key);
	count_cause(stats, slot, cause);
}

/* Counts an exit of any mode; the slot's key contains the usual one, 64-bit at CPL 0. */
static __always_inline void count_where(struct kvm_vcpu *vcpu, struct exit_slot *slot,
					struct exit_where where, u64 detail)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);
	u32 kind = where.kind | (in_smm(vcpu) ? EXIT_KIND_SMM : 0);

	if ((where.kind >> EXIT_KIND_CPL_SHIFT & 3) == 3)
		where.rip = where.rip >> EXIT_USER_REGION_SHIFT << EXIT_USER_REGION_SHIFT;
	count_known(stats, slot, where.rip, detail,
		    cause_slot_of(stats, slot)->key ^ (kind ^ EXIT_MODE_64) << EXIT_CAUSE_KIND_SHIFT);
}

static noinline void count_any_vmx(struct kvm_vcpu *vcpu, struct exit_slot *slot)
{
	const struct exit_cause_slot *of_slot = cause_slot_of(exit_stats_behind(vcpu), slot);
	u32 number = exit_map.number_of[of_slot->key & 0xffff];

	count_where(vcpu, slot, where_vmx(vcpu, number), detail_of_vmx(vcpu, number, of_slot));
}

/* Does on VMX what count_svm() below does. */
static noinline void count_vmx(struct kvm_vcpu *vcpu, struct exit_slot *slot)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);
	const struct exit_cause_slot *of_slot = cause_slot_of(stats, slot);
	u32 number = exit_map.number_of[of_slot->key & 0xffff];

	if (unlikely(!is_kernel_64_vmx(vcpu) || of_slot->detail >= EXIT_DETAIL_CALLED ||
		     number == EXIT_REASON_INVALID_STATE))
		return count_any_vmx(vcpu, slot);
	count_known(stats, slot, vmcs_value(VMCS_GUEST_RIP),
		    detail_without_call_vmx(vcpu, number, of_slot), of_slot->key);
}

static noinline void count_any_svm(struct kvm_vcpu *vcpu, struct exit_slot *slot)
{
	u64 detail = detail_of_svm(vcpu, cause_slot_of(exit_stats_behind(vcpu), slot));

	count_where(vcpu, slot, where_svm(vcpu), detail);
}

/*
 * Counts an exit from 64-bit code at CPL 0 whose detail is in EXITINFO1 or registers.
 * All others go to another function by a tail call, so that no register is saved for it.
 */
static __always_inline void count_svm(struct kvm_vcpu *vcpu, struct exit_slot *slot)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);
	const struct exit_cause_slot *of_slot = cause_slot_of(stats, slot);
	const struct vmcb *vmcb = vmcb_of(vcpu);

	if (unlikely(!is_kernel_64_svm(vcpu, vmcb) || of_slot->detail >= EXIT_DETAIL_CALLED))
		return count_any_svm(vcpu, slot);
	count_known(stats, slot, vmcb->save.rip, detail_without_call_svm(vcpu, vmcb, of_slot),
		    of_slot->key);
}

/* Counts an exit in its slot, or in the nested one where the guest's own guest made it. */
static __always_inline void count_elsewhere(struct kvm_vcpu *vcpu, struct exit_slot *slot)
{
	struct exit_stats *stats = exit_stats_behind(vcpu);

	if (unlikely(is_guest_mode(vcpu))) {
		slot += EXIT_SLOTS;
		/* Forces a jump: one rarely taken is cheaper than a move always made. */
		barrier();
	}
	stats->current_slot = slot;
	if (!static_branch_likely(&exit_causes_key)) {
		slot->count++;
		stats->total++;
	} else if (static_branch_likely(&exit_svm_key)) {
		count_svm(vcpu, slot);
	} else {
		count_vmx(vcpu, slot);
	}
}

static noinline void count_number_searched(struct kvm_vcpu *vcpu, u32 number)
{
	count_elsewhere(vcpu, exit_slot_search(vcpu, number));
}

/*
 * Counts an exit whose number is not in the table or, with causes, any exit.
 */
void exit_count_apart(struct kvm_vcpu *vcpu, u32 number, u64 tsc)
{
	exit_stats_behind(vcpu)->started = tsc;
	if (unlikely(number >= EXIT_DIRECT))
		return count_number_searched(vcpu, number);
	count_elsewhere(vcpu, (void *)vcpu + exit_map.offset_of[number]);
}

void exit_causes_begin_latch(struct exit_stats *stats, u32 epoch, bool mark)
{
	struct exit_causes *causes = stats->causes;
	int sequence;

	/* The caller holds causes_latch_lock. */
	WRITE_ONCE(causes->moment, (u64)(mark ? epoch : exit_mark_of(causes->moment)) << 32 | epoch);
	smp_mb();
	sequence = atomic_read(&causes->sequence);
	/* The wait is short: a section has no loop and runs with interrupts off. */
	while (sequence & 1 && atomic_read_acquire(&causes->sequence) == sequence)
		cpu_relax();
}

u64 exit_causes_latched(const struct exit_stats *stats, u32 slot)
{
	const struct exit_cause_slot *of_slot = &stats->causes->slots[slot];
	u64 count = smp_load_acquire(&stats->slots[slot].count);

	return exit_epoch_of(smp_load_acquire(&of_slot->moment)) ==
			       exit_epoch_of(READ_ONCE(stats->causes->moment))
		       ? READ_ONCE(of_slot->latched) : count;
}
