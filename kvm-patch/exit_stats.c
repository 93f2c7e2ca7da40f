// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps the exit counts of a VM's vCPUs, and answers CPUID with them.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "exit_causes.h"
#include "exit_handled.h"
#include "exit_hooks.h"
#include "exit_numbers.h"
#include "exit_parameters.h"

struct exit_map exit_map __read_mostly;

static const struct exit_range vmx_ranges[] = EXIT_RANGES_VMX;
static const struct exit_range svm_ranges[] = EXIT_RANGES_SVM;
static const struct exit_range vmx_handled[] = EXIT_HANDLED_VMX;
static const struct exit_range svm_handled[] = EXIT_HANDLED_SVM;

struct exit_names {
	u64 number;	/* the headers' own; SVM_EXIT_ERR has 64 bits in newer ones */
	const char *name;
};

static const struct exit_names vmx_names[] = { VMX_EXIT_REASONS };
static const struct exit_names svm_names[] = { SVM_EXIT_REASONS };

static const u8 answers[EXIT_LAYOUT_COUNT][EXIT_LEAVES] = EXIT_LAYOUT_TABLE;

/* The list contains every vCPU of the host; the sums are those of vCPUs that are gone. */
static DEFINE_MUTEX(exit_list_lock);
static LIST_HEAD(exit_list);
static struct exit_stats gone;
static u64 gone_kvm_exits;

/* Orders the latches of a VM's vCPUs; all VMs share the sequence. */
static atomic64_t latch_seq;
/* With causes a latch begins on every vCPU of a VM, so only one is taken at a time. */
static DEFINE_MUTEX(causes_latch_lock);

static u32 offset_of_slot(u32 slot)
{
	return EXIT_STATS_OFFSET + offsetof(struct exit_stats, slots) +
	       slot * sizeof(struct exit_slot);
}

static void map_number(u32 number)
{
	if (WARN_ON_ONCE(exit_map.slots == EXIT_SLOTS))
		return;
	exit_map.number_of[exit_map.slots] = number;
	if (number < EXIT_DIRECT)
		exit_map.offset_of[number] = offset_of_slot(exit_map.slots);
	exit_map.slots++;
}

static void map_numbers(void)
{
	bool svm = boot_cpu_has(X86_FEATURE_SVM);
	const struct exit_range *ranges = svm ? svm_ranges : vmx_ranges;
	size_t range, n = svm ? ARRAY_SIZE(svm_ranges) : ARRAY_SIZE(vmx_ranges);
	u64 number;
	u32 i;

	BUILD_BUG_ON(EXIT_STATS_OFFSET + sizeof(struct exit_stats) > U16_MAX);
	BUILD_BUG_ON(offsetof(struct vcpu_svm, vcpu) || offsetof(struct vcpu_vmx, vcpu));
	memset(&exit_map, 0, sizeof(exit_map));
	exit_map.svm = svm;
	exit_map.direct = EXIT_DIRECT;
	exit_map.number_of[EXIT_SLOT_OTHER] = EXIT_NUMBER_OTHER;
	exit_map.slots = EXIT_SLOT_OTHER + 1;
	for (i = 0; i < EXIT_DIRECT; i++)
		exit_map.offset_of[i] = offset_of_slot(EXIT_SLOT_OTHER);
	for (range = 0; range < n; range++)
		for (number = ranges[range].first; number <= ranges[range].last; number++)
			map_number(number);
	if (!svm)
		static_branch_disable(&exit_svm_key);
}

/*
 * Returns the size of a vCPU's object with room for the counts behind the vCPU. Where
 * the vCPU would reach into that room, the size is one that no slab cache can have, so
 * that KVM does not start: beyond what the page allocator gives, and not so large that
 * rounding it up would wrap.
 */
unsigned int exit_stats_reserve(unsigned int vcpu_size)
{
	if (WARN_ON_ONCE(vcpu_size > EXIT_STATS_OFFSET))
		return SZ_1G;
	map_numbers();
	exit_causes_switch();
	return EXIT_STATS_OFFSET + sizeof(struct exit_stats);
}

struct exit_stats *exit_stats_of(struct kvm_vcpu *vcpu)
{
	return exit_stats_behind(vcpu);
}

static struct kvm_vcpu *vcpu_of(struct exit_stats *stats)
{
	return (void *)stats - EXIT_STATS_OFFSET;
}

/* Searches for a number's slot, as the few above the table need; EXIT_SLOT_OTHER if unknown. */
static u32 slot_search(u32 number)
{
	u32 slot;

	for (slot = exit_map.slots - 1; slot > EXIT_SLOT_OTHER; slot--)
		if (exit_map.number_of[slot] == number)
			return slot;
	return EXIT_SLOT_OTHER;
}

/* Returns a number's slot. The number may be the guest's, so it must not steer speculation. */
static u32 slot_of(u32 number)
{
	u32 offset;

	if (number >= EXIT_DIRECT)
		return slot_search(number);
	offset = exit_map.offset_of[array_index_nospec(number, EXIT_DIRECT)];
	return (offset - offset_of_slot(0)) / sizeof(struct exit_slot);
}

/* KVM marks a VMLAUNCH or VMRESUME that failed by this number (vmx_vcpu_run). */
#define EXIT_VMX_FAILED 0xdead

struct exit_slot *exit_slot_search(struct kvm_vcpu *vcpu, u32 number)
{
	struct exit_stats *stats = exit_stats_of(vcpu);

	if (!exit_map.svm && number == EXIT_VMX_FAILED)
		stats->failed++;
	return &stats->slots[slot_search(number)];
}

static void preset(struct kvm_vcpu *vcpu, struct exit_stats *stats)
{
	u32 cpuid = exit_map.svm ? SVM_EXIT_CPUID : EXIT_REASON_CPUID;

	stats->slots[slot_of(cpuid)].count = exit_preset;
	stats->total = exit_preset;
	vcpu->stat.exits = exit_preset;
}

/* Replaces kmem_cache_zalloc() of a vCPU. */
void *exit_stats_zalloc(struct kmem_cache *cache, gfp_t flags)
{
	struct kvm_vcpu *vcpu = kmem_cache_zalloc(cache, flags);
	struct exit_stats *stats;

	if (!vcpu)
		return NULL;
	stats = exit_stats_of(vcpu);
	if (exit_histograms) {
		stats->histogram = kvcalloc(EXIT_SLOTS * 64, sizeof(u64), flags);
		if (!stats->histogram) {
			kmem_cache_free(cache, vcpu);
			return NULL;
		}
	}
	if (!exit_causes_alloc(stats, flags)) {
		kvfree(stats->histogram);
		kmem_cache_free(cache, vcpu);
		return NULL;
	}
	stats->current_slot = &stats->none;
	mutex_init(&stats->latch_lock);
	preset(vcpu, stats);
	mutex_lock(&exit_list_lock);
	list_add_tail(&stats->list, &exit_list);
	mutex_unlock(&exit_list_lock);
	return vcpu;
}

/* Replaces kmem_cache_free() of a vCPU. */
void exit_stats_free(struct kmem_cache *cache, struct kvm_vcpu *vcpu)
{
	struct exit_stats *stats = exit_stats_of(vcpu);
	u32 slot;

	mutex_lock(&exit_list_lock);
	list_del(&stats->list);
	for (slot = 0; slot < 2 * EXIT_SLOTS; slot++) {
		gone.slots[slot].count += stats->slots[slot].count;
		gone.slots[slot].cycles += stats->slots[slot].cycles;
	}
	gone.total += stats->total;
	gone_kvm_exits += exit_kvm_exits(vcpu);
	mutex_unlock(&exit_list_lock);
	exit_causes_free(stats);
	kvfree(stats->histogram);
	kmem_cache_free(cache, vcpu);
}

/* Counts an exit after which the fastpath enters again: without a handler it has no cycles. */
void exit_stats_reentered(struct kvm_vcpu *vcpu)
{
	if (!static_branch_likely(&exit_counts_key))
		return;
	exit_count(vcpu, rdtsc());
	exit_stats_of(vcpu)->current_slot->fastpath++;
}

/* Writes the kernel's own name of a number, with '_' for blanks, or "reason_NUMBER". */
void exit_name(u32 number, char name[EXIT_NAME_SIZE])
{
	const struct exit_names *names = exit_map.svm ? svm_names : vmx_names;
	size_t i, n = exit_map.svm ? ARRAY_SIZE(svm_names) : ARRAY_SIZE(vmx_names);

	snprintf(name, EXIT_NAME_SIZE, "reason_%u", number);
	if (number == EXIT_NUMBER_OTHER)
		strscpy(name, "other", EXIT_NAME_SIZE);
	for (i = 0; i < n; i++)
		if ((u32)names[i].number == number)
			strscpy(name, names[i].name, EXIT_NAME_SIZE);
	strreplace(name, ' ', '_');
}

bool exit_handled(u32 number)
{
	const struct exit_range *ranges = exit_map.svm ? svm_handled : vmx_handled;
	size_t i, n = exit_map.svm ? ARRAY_SIZE(svm_handled) : ARRAY_SIZE(vmx_handled);

	for (i = 0; i < n; i++)
		if (number >= ranges[i].first && number <= ranges[i].last)
			return true;
	return false;
}

static bool is_defined(u32 number)
{
	return number == EXIT_NUMBER_OTHER || slot_of(number) != EXIT_SLOT_OTHER;
}

/* Locks the list for exit_scope=host: other VMs' vCPUs come and go, the reader's own stay. */
static void lock_scope(void)
{
	if (exit_scope == EXIT_SCOPE_HOST)
		mutex_lock(&exit_list_lock);
}

static void unlock_scope(void)
{
	if (exit_scope == EXIT_SCOPE_HOST)
		mutex_unlock(&exit_list_lock);
}

/* Visits the counts of a vCPU or, with NULL for it, the sums of those that are gone. */
typedef void (*exit_visitor)(struct exit_stats *stats, struct kvm_vcpu *vcpu, void *sum);

/*
 * Visits the vCPUs of the reading one's VM, or all since the module was loaded. A VM may
 * have a thousand of them, and a guest asks as often as it likes: others run in between.
 */
static void visit_scope(struct kvm_vcpu *reader, exit_visitor visit, void *sum)
{
	struct exit_stats *stats;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	if (exit_scope == EXIT_SCOPE_VM) {
		kvm_for_each_vcpu(i, vcpu, reader->kvm) {
			visit(exit_stats_of(vcpu), vcpu, sum);
			cond_resched();
		}
		return;
	}
	visit(&gone, NULL, sum);
	list_for_each_entry(stats, &exit_list, list) {
		visit(stats, vcpu_of(stats), sum);
		cond_resched();
	}
}

static u64 cycles_in(const struct exit_stats *stats, u32 slot)
{
	return READ_ONCE(stats->slots[slot].cycles) +
	       READ_ONCE(stats->slots[EXIT_SLOTS + slot].cycles);
}

static u64 kvm_exits_of(struct kvm_vcpu *vcpu)
{
	return vcpu ? exit_kvm_exits(vcpu) : gone_kvm_exits;
}

/* Returns a slot's count now or, with causes, as of the latch that was begun. */
static u64 count_to_latch(const struct exit_stats *stats, u32 slot)
{
	if (!stats->causes)
		return exit_count_in(stats, slot);
	return exit_causes_latched(stats, slot) + exit_causes_latched(stats, EXIT_SLOTS + slot);
}

/*
 * Adds a vCPU's counts to a latch. Other vCPUs go on counting while they are read, so
 * the sum of what was read stands for their total. With causes all of it is of one moment.
 */
static void add_to_latch(struct exit_stats *stats, struct kvm_vcpu *vcpu, void *sum)
{
	struct exit_latch *latch = sum;
	bool reader = latch == &stats->latch;
	u64 counted = 0;
	u32 slot;

	latch->kvm_exits += kvm_exits_of(vcpu);
	if (stats->causes)
		exit_causes_begin_latch(stats, latch->seq, latch->mark);
	for (slot = 0; slot < exit_map.slots; slot++) {
		u64 count = count_to_latch(stats, slot);

		latch->counts[slot] += count;
		counted += count;
	}
	latch->total += reader ? stats->total : counted;
	latch->later_kvm_exits += kvm_exits_of(vcpu);
}

void exit_causes_latch_vm(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u32 epoch;

	mutex_lock(&causes_latch_lock);
	epoch = atomic64_inc_return(&latch_seq);
	kvm_for_each_vcpu(i, vcpu, kvm)
		exit_causes_begin_latch(exit_stats_of(vcpu), epoch, false);
	mutex_unlock(&causes_latch_lock);
}

/*
 * Keeps all counts of this moment, for the host and for the leaf of l(n), and returns
 * their total. With `mark` the causes of this moment are also kept beyond the next latch.
 */
static u64 take_latch(struct kvm_vcpu *reader, bool mark)
{
	struct exit_stats *stats = exit_stats_of(reader);
	struct exit_latch *latch = &stats->latch;
	u64 total;

	if (stats->causes)
		mutex_lock(&causes_latch_lock);
	mutex_lock(&stats->latch_lock);
	memset(latch, 0, sizeof(*latch));
	latch->seq = atomic64_inc_return(&latch_seq);
	latch->mark = mark;
	visit_scope(reader, add_to_latch, latch);
	total = latch->total;
	mutex_unlock(&stats->latch_lock);
	if (stats->causes)
		mutex_unlock(&causes_latch_lock);
	return total;
}

struct exit_sum {
	u32 slot;
	u64 count;
	u64 cycles;
};

static void add_slot(struct exit_stats *stats, struct kvm_vcpu *vcpu, void *sum)
{
	struct exit_sum *to = sum;

	to->count += exit_count_in(stats, to->slot);
	to->cycles += cycles_in(stats, to->slot);
}

static void add_all_cycles(struct exit_stats *stats, struct kvm_vcpu *vcpu, void *sum)
{
	u64 *cycles = sum;
	u32 slot;

	for (slot = 0; slot < exit_map.slots; slot++)
		*cycles += cycles_in(stats, slot);
}

static void set_cycles(u64 cycles, u32 *ebx, u32 *ecx)
{
	*ebx = upper_32_bits(cycles);
	*ecx = lower_32_bits(cycles);
}

static void answer_number(struct kvm_vcpu *vcpu, enum exit_answer answer, u32 *eax, u32 *ebx,
			  u32 *ecx, u32 *edx)
{
	struct exit_sum sum = { .slot = slot_of(*ecx) };
	bool defined = is_defined(*ecx);

	*ecx = 0;
	if (!defined) {
		*edx = EXIT_LEAF_UNDEFINED;
		return;
	}
	if (answer == EXIT_ANSWER_LATCHED)
		sum.count = exit_stats_of(vcpu)->latch.counts[sum.slot];
	else
		visit_scope(vcpu, add_slot, &sum);
	if (answer == EXIT_ANSWER_CYCLES)
		set_cycles(sum.cycles, ebx, ecx);
	else
		*eax = lower_32_bits(sum.count);
}

static void answer_all_cycles(struct kvm_vcpu *vcpu, u32 *ebx, u32 *ecx)
{
	u64 cycles = 0;

	visit_scope(vcpu, add_all_cycles, &cycles);
	set_cycles(cycles, ebx, ecx);
}

/*
 * Is called where the guest's CPUID table has no such leaf. Returns true where the
 * leaf is one of ours, with the answer in the registers.
 */
bool exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	u32 leaf = *eax - EXIT_LEAF_FIRST;
	bool mark = *ecx == EXIT_LEAF_MARK;
	enum exit_answer answer;

	if (leaf >= ARRAY_SIZE(answers[0]))
		return false;
	answer = answers[exit_layout][array_index_nospec(leaf, ARRAY_SIZE(answers[0]))];
	if (answer == EXIT_ANSWER_NONE || !exit_leaves_allowed(vcpu))
		return false;

	*eax = 0;
	*ebx = 0;
	*edx = 0;
	exit_leaf_wait();
	lock_scope();
	switch (answer) {
	case EXIT_ANSWER_COUNT:
	case EXIT_ANSWER_CYCLES:
	case EXIT_ANSWER_LATCHED:
		answer_number(vcpu, answer, eax, ebx, ecx, edx);
		break;
	case EXIT_ANSWER_TOTAL_CYCLES:
		answer_all_cycles(vcpu, ebx, ecx);
		break;
	case EXIT_ANSWER_TOTAL_AND_CYCLES:
		answer_all_cycles(vcpu, ebx, ecx);
		*eax = lower_32_bits(take_latch(vcpu, mark));
		break;
	default:
		*ecx = 0;
		*eax = lower_32_bits(take_latch(vcpu, mark));
	}
	unlock_scope();
	return true;
}
