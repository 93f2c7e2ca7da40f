// SPDX-License-Identifier: GPL-2.0
/*
 * Shows root the host's view in KVM's folder of debugfs: the file exit_stats beside
 * a VM's own statistics, and exit_reasons, which lists the numbers. A line has words,
 * then KEY=VALUE in any order. Reading stops no vCPU.
 *
 * A vCPU's counts are copied between two reads of its total, and once more if that
 * has changed or is not their sum. The printed counts are then of one moment, and the
 * vCPU's line has consistent=1. Its cycles and KVM's own count may lack the exit that
 * is being handled. The sums over a running VM's vCPUs are of as many moments as it
 * has vCPUs.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "exit_causes.h"

/* The tries are limited, as a guest that never rests must not hold the reader for ever. */
#define COPY_TRIES 1000

struct exit_copy {
	struct exit_slot slots[2 * EXIT_SLOTS];
	u64 histogram[EXIT_SLOTS * 64];
	u64 total;
	u64 failed;
	u64 kvm_exits;
	s64 stray;
};

struct exit_view {
	u64 vcpus;
	struct exit_copy sum;
	struct exit_copy vcpu;
	struct exit_latch latch;
};

static void copy_newer_latch(struct exit_latch *to, struct exit_stats *stats)
{
	mutex_lock(&stats->latch_lock);
	if (stats->latch.seq > to->seq)
		*to = stats->latch;
	mutex_unlock(&stats->latch_lock);
}

static struct exit_slot sum_of(const struct exit_copy *copy, u32 first)
{
	struct exit_slot sum = {};
	u32 i;

	for (i = first; i < first + EXIT_SLOTS; i++) {
		sum.count += copy->slots[i].count;
		sum.cycles += copy->slots[i].cycles;
		sum.to_entry += copy->slots[i].to_entry;
		sum.fastpath += copy->slots[i].fastpath;
	}
	return sum;
}

/* Copies a vCPU's counts; is true where they are of one moment and add up to the total. */
static bool copy_counts(struct exit_copy *to, struct kvm_vcpu *vcpu)
{
	const struct exit_stats *stats = exit_stats_of(vcpu);
	unsigned int tries;

	for (tries = 0; tries < COPY_TRIES; tries++) {
		to->total = READ_ONCE(stats->total);
		barrier(); /* x86 keeps reads in order, the compiler need not */
		memcpy(to->slots, stats->slots, sizeof(to->slots));
		if (stats->histogram)
			memcpy(to->histogram, stats->histogram, sizeof(to->histogram));
		to->failed = READ_ONCE(stats->failed);
		to->kvm_exits = exit_kvm_exits(vcpu);
		to->stray = READ_ONCE(stats->stray);
		barrier();
		if (to->total == READ_ONCE(stats->total) &&
		    to->total == sum_of(to, 0).count + sum_of(to, EXIT_SLOTS).count)
			return true;
		cond_resched();
	}
	return false;
}

static void add(struct exit_copy *sum, const struct exit_copy *vcpu)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sum->slots); i++) {
		sum->slots[i].count += vcpu->slots[i].count;
		sum->slots[i].cycles += vcpu->slots[i].cycles;
		sum->slots[i].to_entry += vcpu->slots[i].to_entry;
		sum->slots[i].fastpath += vcpu->slots[i].fastpath;
	}
	for (i = 0; i < ARRAY_SIZE(sum->histogram); i++)
		sum->histogram[i] += vcpu->histogram[i];
	sum->total += vcpu->total;
	sum->failed += vcpu->failed;
	sum->kvm_exits += vcpu->kvm_exits;
	sum->stray += vcpu->stray;
}

/* Returns the guest's own exits of a number and those of its guests together. */
static struct exit_slot both(const struct exit_copy *copy, u32 slot)
{
	const struct exit_slot *own = &copy->slots[slot], *nested = own + EXIT_SLOTS;

	return (struct exit_slot) {
		.count = own->count + nested->count,
		.cycles = own->cycles + nested->cycles,
		.to_entry = own->to_entry + nested->to_entry,
		.fastpath = own->fastpath + nested->fastpath,
	};
}

/*
 * Returns how many entries failed. On SVM these are exit code -1 (VMEXIT_INVALID), on
 * VMX basic reasons 33, 34 and 41 (SDM vol. 3, 27.8) and VMLAUNCHes and VMRESUMEs that
 * failed earlier. KVM also reports 33 where it emulates a guest state that the processor
 * would refuse.
 */
static u64 failed_entries(const struct exit_copy *copy)
{
	u64 failed = copy->failed;
	u32 slot;

	for (slot = 0; slot < exit_map.slots; slot++) {
		u32 number = exit_map.number_of[slot];

		if (exit_map.svm ? number == U32_MAX
				 : number == 33 || number == 34 || number == 41)
			failed += both(copy, slot).count;
	}
	return failed;
}

static void print_name(struct seq_file *m, u32 number)
{
	char name[EXIT_NAME_SIZE];

	exit_name(number, name);
	seq_printf(m, " name=%s", name);
}

static void print_slot(struct seq_file *m, const struct exit_slot *slot)
{
	seq_printf(m, " exits=%llu cycles=%llu to_entry=%llu fastpath=%llu",
		   slot->count, slot->cycles, slot->to_entry, slot->fastpath);
}

static void print_vcpu(struct seq_file *m, const struct kvm_vcpu *vcpu,
		       const struct exit_copy *copy, bool consistent)
{
	struct exit_slot own = sum_of(copy, 0), nested = sum_of(copy, EXIT_SLOTS);
	u32 slot;

	seq_printf(m, "vcpu %d exits=%llu cycles=%llu to_entry=%llu kvm_exits=%llu consistent=%d\n",
		   vcpu->vcpu_id, copy->total, own.cycles + nested.cycles,
		   own.to_entry + nested.to_entry, copy->kvm_exits, consistent);
	for (slot = 0; slot < exit_map.slots; slot++) {
		struct exit_slot all = both(copy, slot);

		if (!all.count)
			continue;
		seq_printf(m, "vcpu_reason %d %u", vcpu->vcpu_id, exit_map.number_of[slot]);
		print_slot(m, &all);
		seq_printf(m, " nested=%llu\n", copy->slots[EXIT_SLOTS + slot].count);
	}
}

static void print_reasons(struct seq_file *m, const struct exit_view *view)
{
	u32 slot;

	for (slot = 0; slot < exit_map.slots; slot++) {
		const struct exit_slot *nested = &view->sum.slots[EXIT_SLOTS + slot];
		struct exit_slot all = both(&view->sum, slot);

		/* With exit_scope=host the latch may contain reasons of other VMs. */
		if (!all.count && !view->latch.counts[slot])
			continue;
		seq_printf(m, "reason %u", exit_map.number_of[slot]);
		print_name(m, exit_map.number_of[slot]);
		print_slot(m, &all);
		seq_printf(m, " nested=%llu nested_cycles=%llu latched=%llu\n", nested->count,
			   nested->cycles, view->latch.counts[slot]);
	}
}

static void print_histograms(struct seq_file *m, const struct exit_copy *copy)
{
	u32 slot, bucket;

	for (slot = 0; slot < exit_map.slots; slot++) {
		const u64 *histogram = &copy->histogram[slot * 64];

		if (!memchr_inv(histogram, 0, 64 * sizeof(u64)))
			continue;
		seq_printf(m, "histogram %u", exit_map.number_of[slot]);
		for (bucket = 0; bucket < 64; bucket++)
			if (histogram[bucket])
				seq_printf(m, " %u:%llu", bucket, histogram[bucket]);
		seq_putc(m, '\n');
	}
}

static void print_vm(struct seq_file *m, const struct exit_view *view)
{
	struct exit_slot own = sum_of(&view->sum, 0), nested = sum_of(&view->sum, EXIT_SLOTS);
	const struct exit_latch *latch = &view->latch;

	seq_printf(m, "vcpus %llu\n", view->vcpus);
	seq_printf(m, "total exits=%llu cycles=%llu to_entry=%llu fastpath=%llu nested=%llu failed_entries=%llu\n",
		   view->sum.total, own.cycles + nested.cycles, own.to_entry + nested.to_entry,
		   own.fastpath + nested.fastpath, nested.count, failed_entries(&view->sum));
	seq_printf(m, "kvm_exits %llu\n", view->sum.kvm_exits);
	seq_printf(m, "stray_exits %lld\n", view->sum.stray);
	seq_printf(m, "latch %llu %llu %llu\n", latch->seq, latch->total, latch->kvm_exits);
	seq_printf(m, "latch_later_kvm_exits %llu\n", latch->later_kvm_exits);
	print_reasons(m, view);
	print_histograms(m, &view->sum);
}

static void show_view(struct seq_file *m, struct exit_view *view)
{
	struct kvm *kvm = m->private;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	seq_printf(m, "exit_stats 2 %s\n", EXIT_STATS_VERSION);
	seq_printf(m, "vendor %s\n", exit_map.svm ? "svm" : "vmx");
	seq_printf(m, "layout %s\n", exit_layout_name());
	seq_printf(m, "scope %s\n", exit_scope_name());
	kvm_for_each_vcpu(i, vcpu, kvm) {
		bool consistent = copy_counts(&view->vcpu, vcpu);

		copy_newer_latch(&view->latch, exit_stats_of(vcpu));
		view->vcpus++;
		add(&view->sum, &view->vcpu);
		print_vcpu(m, vcpu, &view->vcpu, consistent);
	}
	print_vm(m, view);
	seq_puts(m, "end\n");
}

static int exit_stats_show(struct seq_file *m, void *v)
{
	struct exit_view *view;

	if (!static_key_enabled(&exit_counts_key))
		return -ENODATA;
	view = kvzalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return -ENOMEM;
	show_view(m, view);
	kvfree(view);
	return 0;
}

/* The open file keeps a reference to the VM, so that its vCPUs stay. */
static int exit_stats_open(struct inode *inode, struct file *file)
{
	struct kvm *kvm = inode->i_private;
	int r;

	if (!refcount_inc_not_zero(&kvm->users_count))
		return -ENOENT;
	r = single_open(file, exit_stats_show, kvm);
	if (r < 0)
		kvm_put_kvm(kvm);
	return r;
}

static int exit_stats_release(struct inode *inode, struct file *file)
{
	kvm_put_kvm(inode->i_private);
	return single_release(inode, file);
}

static const struct file_operations exit_stats_fops = {
	.owner		= THIS_MODULE,
	.open		= exit_stats_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= exit_stats_release,
};

void exit_stats_vm_debugfs(struct kvm *kvm)
{
	debugfs_create_file("exit_stats", 0400, kvm->debugfs_dentry, kvm, &exit_stats_fops);
	debugfs_create_file("exit_causes", 0600, kvm->debugfs_dentry, kvm, &exit_causes_fops);
}

static int exit_reasons_show(struct seq_file *m, void *v)
{
	u32 slot;

	seq_printf(m, "exit_reasons 1 %s\n", EXIT_STATS_VERSION);
	for (slot = 0; slot < exit_map.slots; slot++) {
		u32 number = exit_map.number_of[slot];

		seq_printf(m, "reason %u", number);
		print_name(m, number);
		seq_printf(m, " defined=%d handled=%d\n", slot != EXIT_SLOT_OTHER,
			   exit_handled(number));
	}
	seq_puts(m, "end\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exit_reasons);

void exit_stats_debugfs(struct dentry *kvm_folder)
{
	debugfs_create_file("exit_reasons", 0400, kvm_folder, NULL, &exit_reasons_fops);
}
