// SPDX-License-Identifier: GPL-2.0
/*
 * Exit counts of a VM, answered by CPUID inside the guest.
 */
#include <linux/module.h>
#include <linux/string.h>

#include "exit_numbers.h"
#include "exit_stats.h"
#include "svm/svm.h"
#include "vmx/vmx.h"

struct exit_map exit_map __read_mostly;

static const struct exit_range vmx_ranges[] = EXIT_RANGES_VMX;
static const struct exit_range svm_ranges[] = EXIT_RANGES_SVM;

static const u8 answers[EXIT_LAYOUT_COUNT][EXIT_LEAF_LAST - EXIT_LEAF_FIRST + 1] =
	EXIT_LAYOUT_TABLE;
static const char *const layout_names[EXIT_LAYOUT_COUNT] = EXIT_LAYOUT_NAMES;

static int layout __read_mostly = EXIT_LAYOUT_DESCENDING;

/* Orders the latches of a VM's vCPUs; counted for all VMs together. */
static atomic64_t latch_seq;

const char *exit_layout_name(void)
{
	return layout_names[layout];
}

static int layout_set(const char *name, const struct kernel_param *kp)
{
	int found = sysfs_match_string(layout_names, name);

	if (found < 0)
		return found;
	layout = found;
	return 0;
}

static int layout_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", exit_layout_name());
}

static const struct kernel_param_ops layout_ops = { .set = layout_set, .get = layout_get };
module_param_cb(exit_layout, &layout_ops, NULL, 0444);
MODULE_PARM_DESC(exit_layout, "CPUID leaves of the exit counts: descending, ascending or combined");

/* Says that this kvm.ko is patched, and how; nothing to set. */
static int version_set(const char *value, const struct kernel_param *kp)
{
	return -EPERM;
}

static int version_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", EXIT_STATS_VERSION);
}

static const struct kernel_param_ops version_ops = { .set = version_set, .get = version_get };
module_param_cb(exit_stats, &version_ops, NULL, 0444);
MODULE_PARM_DESC(exit_stats, "Version of the exit counts (read only)");
MODULE_INFO(exit_stats, EXIT_STATS_VERSION);

static void map_range(const struct exit_range *range)
{
	u32 number = range->first;

	for (;;) {
		if (WARN_ON_ONCE(exit_map.slots == EXIT_SLOTS))
			return;
		exit_map.number_of[exit_map.slots] = number;
		if (number < EXIT_DIRECT)
			exit_map.slot_of[number] = exit_map.slots;
		exit_map.slots++;
		if (number++ == range->last)
			return;
	}
}

static void map_numbers(void)
{
	bool svm = boot_cpu_has(X86_FEATURE_SVM);
	const struct exit_range *ranges = svm ? svm_ranges : vmx_ranges;
	size_t i, n = svm ? ARRAY_SIZE(svm_ranges) : ARRAY_SIZE(vmx_ranges);

	BUILD_BUG_ON(EXIT_SLOTS - 1 > U8_MAX);
	BUILD_BUG_ON(offsetof(struct vcpu_svm, vcpu) || offsetof(struct vcpu_vmx, vcpu));
	memset(&exit_map, 0, sizeof(exit_map));
	exit_map.vmcb = svm ? offsetof(struct vcpu_svm, vmcb) : 0;
	exit_map.exit_code = offsetof(struct vmcb, control.exit_code);
	exit_map.exit_reason = offsetof(struct vcpu_vmx, exit_reason);
	exit_map.number_of[EXIT_SLOT_OTHER] = EXIT_NUMBER_OTHER;
	exit_map.slots = EXIT_SLOT_OTHER + 1;
	for (i = 0; i < n; i++)
		map_range(&ranges[i]);
}

/* Room for the counts behind the vCPU: zeroed and freed with it. */
unsigned int exit_stats_reserve(unsigned int vcpu_size)
{
	map_numbers();
	exit_map.offset = ALIGN(vcpu_size, SMP_CACHE_BYTES);
	return exit_map.offset + sizeof(struct exit_stats);
}

/* The slow way, for the few numbers above the table: EXIT_SLOT_OTHER if unknown. */
u32 exit_slot_search(u32 number)
{
	u32 slot;

	for (slot = exit_map.slots - 1; slot > EXIT_SLOT_OTHER; slot--)
		if (exit_map.number_of[slot] == number)
			return slot;
	return EXIT_SLOT_OTHER;
}

static bool is_defined(u32 number)
{
	return number == EXIT_NUMBER_OTHER || exit_slot_of(number) != EXIT_SLOT_OTHER;
}

static void add_to_latch(struct exit_latch *latch, struct kvm_vcpu *vcpu)
{
	struct exit_stats *stats = exit_stats_of(vcpu);
	u32 slot;

	latch->total += READ_ONCE(stats->total);
	latch->kvm_exits += READ_ONCE(vcpu->stat.exits);
	for (slot = 0; slot < exit_map.slots; slot++)
		latch->counts[slot] += READ_ONCE(stats->slots[slot].count);
}

/* Keeps all counts of this moment for the host, and returns their total. */
static u64 take_latch(struct kvm_vcpu *reader)
{
	struct exit_latch *latch = &exit_stats_of(reader)->latch;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	preempt_disable();
	raw_write_seqcount_begin(&latch->lock);
	latch->seq = atomic64_inc_return(&latch_seq);
	latch->total = 0;
	latch->kvm_exits = 0;
	memset(latch->counts, 0, sizeof(latch->counts));
	kvm_for_each_vcpu(i, vcpu, reader->kvm)
		add_to_latch(latch, vcpu);
	raw_write_seqcount_end(&latch->lock);
	preempt_enable();
	return latch->total;
}

static u64 sum_total_cycles(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 sum = 0;

	kvm_for_each_vcpu(i, vcpu, kvm)
		sum += READ_ONCE(exit_stats_of(vcpu)->total_cycles);
	return sum;
}

static struct exit_slot sum_slot(struct kvm *kvm, u32 slot)
{
	struct exit_slot sum = {};
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		sum.count += READ_ONCE(exit_stats_of(vcpu)->slots[slot].count);
		sum.cycles += READ_ONCE(exit_stats_of(vcpu)->slots[slot].cycles);
	}
	return sum;
}

static void set_cycles(u64 cycles, u32 *ebx, u32 *ecx)
{
	*ebx = upper_32_bits(cycles);
	*ecx = lower_32_bits(cycles);
}

bool exit_stats_answer(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	enum exit_answer answer = answers[layout][*eax - EXIT_LEAF_FIRST];
	u32 number = *ecx;

	if (answer == EXIT_ANSWER_NONE)
		return false;

	*eax = *ebx = *ecx = *edx = 0;
	if ((answer == EXIT_ANSWER_COUNT || answer == EXIT_ANSWER_CYCLES) && !is_defined(number))
		*edx = EXIT_LEAF_UNDEFINED;
	else if (answer == EXIT_ANSWER_COUNT)
		*eax = sum_slot(vcpu->kvm, exit_slot_of(number)).count;
	else if (answer == EXIT_ANSWER_CYCLES)
		set_cycles(sum_slot(vcpu->kvm, exit_slot_of(number)).cycles, ebx, ecx);
	if (answer == EXIT_ANSWER_TOTAL || answer == EXIT_ANSWER_TOTAL_AND_CYCLES)
		*eax = take_latch(vcpu);
	if (answer == EXIT_ANSWER_TOTAL_CYCLES || answer == EXIT_ANSWER_TOTAL_AND_CYCLES)
		set_cycles(sum_total_cycles(vcpu->kvm), ebx, ecx);
	return true;
}
