// SPDX-License-Identifier: GPL-2.0
/*
 * The host's view of a VM's exit counts: the file exit_stats beside KVM's own
 * under debugfs. Reading it takes no lock and stops no vCPU.
 */
#include <linux/debugfs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "exit_stats.h"

/* A guest that does nothing but read totals must not hold the reader for good. */
#define LATCH_TRIES 10000

struct exit_sums {
	u64 vcpus;
	u64 total;
	u64 total_cycles;
	u64 kvm_exits;
	struct exit_slot slots[EXIT_SLOTS];
	struct exit_latch latch;
	struct exit_latch scratch;
};

static int copy_latch(struct exit_latch *to, const struct exit_latch *from)
{
	unsigned int seq, tries;

	for (tries = 0; tries < LATCH_TRIES; tries++) {
		seq = raw_read_seqcount(&from->lock);
		if (!(seq & 1)) {
			memcpy(to, from, sizeof(*to));
			if (!read_seqcount_retry(&from->lock, seq))
				return 0;
		}
		cond_resched();
	}
	return -EAGAIN;
}

static int add_vcpu(struct exit_sums *sums, struct kvm_vcpu *vcpu)
{
	struct exit_stats *stats = exit_stats_of(vcpu);
	u32 slot;

	sums->vcpus++;
	sums->total += READ_ONCE(stats->total);
	sums->total_cycles += READ_ONCE(stats->total_cycles);
	sums->kvm_exits += READ_ONCE(vcpu->stat.exits);
	for (slot = 0; slot < exit_map.slots; slot++) {
		sums->slots[slot].count += READ_ONCE(stats->slots[slot].count);
		sums->slots[slot].cycles += READ_ONCE(stats->slots[slot].cycles);
	}
	if (copy_latch(&sums->scratch, &stats->latch))
		return -EAGAIN;
	if (sums->scratch.seq > sums->latch.seq)
		sums->latch = sums->scratch;
	return 0;
}

static void print(struct seq_file *m, const struct exit_sums *sums)
{
	const struct exit_latch *latch = &sums->latch;
	u32 slot;

	seq_printf(m, "exit_stats 1 %s\n", EXIT_STATS_VERSION);
	seq_printf(m, "vendor %s\n", boot_cpu_has(X86_FEATURE_SVM) ? "svm" : "vmx");
	seq_printf(m, "layout %s\n", exit_layout_name());
	seq_printf(m, "vcpus %llu\n", sums->vcpus);
	seq_printf(m, "total %llu %llu\n", sums->total, sums->total_cycles);
	seq_printf(m, "kvm_exits %llu\n", sums->kvm_exits);
	seq_printf(m, "latch %llu %llu %llu\n", latch->seq, latch->total, latch->kvm_exits);
	for (slot = 0; slot < exit_map.slots; slot++)
		if (sums->slots[slot].count)
			seq_printf(m, "reason %u %llu %llu %llu\n", exit_map.number_of[slot],
				   sums->slots[slot].count, sums->slots[slot].cycles,
				   latch->counts[slot]);
	seq_puts(m, "end\n");
}

static int exit_stats_show(struct seq_file *m, void *v)
{
	struct kvm *kvm = m->private;
	struct exit_sums *sums = kzalloc(sizeof(*sums), GFP_KERNEL);
	struct kvm_vcpu *vcpu;
	unsigned long i;
	int r = 0;

	if (!sums)
		return -ENOMEM;
	kvm_for_each_vcpu(i, vcpu, kvm) {
		r = add_vcpu(sums, vcpu);
		if (r)
			break;
	}
	if (!r)
		print(m, sums);
	kfree(sums);
	return r;
}

/* The open file holds the VM, so that its vCPUs stay (as mmu_rmaps_stat does). */
static int exit_stats_open(struct inode *inode, struct file *file)
{
	struct kvm *kvm = inode->i_private;
	int r;

	if (!kvm_get_kvm_safe(kvm))
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
	.open		= exit_stats_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= exit_stats_release,
};

void exit_stats_debugfs(struct kvm *kvm)
{
	debugfs_create_file("exit_stats", 0400, kvm->debugfs_dentry, kvm, &exit_stats_fops);
}
