// SPDX-License-Identifier: GPL-2.0
/*
 * Shows the host the causes of a VM's exits in the file exit_causes beside
 * exit_stats, which has a line for each entry. `latched` and `marked` are exactly
 * those of the newest latch and mark even while vCPUs run; `exits` may then be of
 * different moments. Writing "latch" to the file takes a latch.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "exit_causes.h"

/* Contains a count now, at the newest latch and at the newest mark. */
struct exit_three {
	u64 now;
	u64 latched;
	u64 marked;
};

/*
 * Returns a count's three values. The caller has read `count` before the moment, and the
 * moment before the saved values: they are written in the reverse order. Where the moment
 * is older than the newest one, no exit came since, so that `count` is the value.
 */
static struct exit_three three_of(u64 count, u64 latched, u64 marked, u64 moment, u64 newest)
{
	return (struct exit_three) {
		.now = count,
		.latched = exit_epoch_of(moment) == exit_epoch_of(newest) ? latched : count,
		.marked = exit_mark_of(moment) == exit_mark_of(newest) ? marked : count,
	};
}

static void show_cause(struct seq_file *m, struct kvm_vcpu *vcpu, const struct exit_cause *cause)
{
	const struct exit_causes *causes = exit_stats_of(vcpu)->causes;
	const struct exit_cause_marked *marked = &causes->marked[cause - causes->table];
	u64 newest = READ_ONCE(causes->moment), count, moment;
	u32 key = smp_load_acquire(&cause->key), kind;
	struct exit_three exits, cycles;

	kind = (key & ~EXIT_CAUSE_USED) >> EXIT_CAUSE_KIND_SHIFT;
	count = smp_load_acquire(&cause->count);
	moment = smp_load_acquire(&cause->moment);
	exits = three_of(count, READ_ONCE(cause->latched), READ_ONCE(marked->count), moment, newest);
	cycles = three_of(READ_ONCE(cause->cycles), READ_ONCE(cause->latched_cycles),
			  READ_ONCE(marked->cycles), moment, newest);
	seq_printf(m, "cause %u %u 0x%x 0x%llx 0x%llx exits=%llu cycles=%llu latched=%llu latched_cycles=%llu marked=%llu marked_cycles=%llu\n",
		   vcpu->vcpu_id, exit_map.number_of[key & 0xffff], kind, exit_causes_detail(cause),
		   cause->rip, exits.now, cycles.now, exits.latched, cycles.latched, exits.marked,
		   cycles.marked);
}

static void add_lost(struct exit_three *sum, const struct exit_causes *causes, u32 index)
{
	const struct exit_cause_lost *lost = &causes->lost[index];
	u64 newest = READ_ONCE(causes->moment), now = smp_load_acquire(&lost->now);
	u64 moment = smp_load_acquire(&causes->slots[index].moment);
	struct exit_three three = three_of(now, READ_ONCE(lost->latched), READ_ONCE(lost->marked),
					   moment, newest);

	sum->now += three.now;
	sum->latched += three.latched;
	sum->marked += three.marked;
}

/* Prints a number's lost exits, and its count at the newest latch, lost exits included. */
static void show_slot(struct seq_file *m, struct kvm *kvm, u32 slot)
{
	struct kvm_vcpu *vcpu;
	u64 latched = 0;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		const struct exit_stats *stats = exit_stats_of(vcpu);
		const struct exit_causes *causes = stats->causes;
		struct exit_three lost = {};

		add_lost(&lost, causes, slot);
		add_lost(&lost, causes, EXIT_SLOTS + slot);
		if (lost.now)
			seq_printf(m, "lost %u %u exits=%llu latched=%llu marked=%llu\n",
				   vcpu->vcpu_id, exit_map.number_of[slot], lost.now, lost.latched,
				   lost.marked);
		latched += exit_causes_latched(stats, slot) +
			   exit_causes_latched(stats, EXIT_SLOTS + slot);
	}
	if (latched)
		seq_printf(m, "reason %u latched=%llu\n", exit_map.number_of[slot], latched);
}

static void show_heading(struct seq_file *m, struct kvm *kvm)
{
	seq_printf(m, "exit_causes 1 %s\n", EXIT_STATS_VERSION);
	seq_printf(m, "vendor %s\n", exit_map.svm ? "svm" : "vmx");
	seq_printf(m, "entries %u\n", exit_causes);
	seq_printf(m, "vcpus %u\n", atomic_read(&kvm->online_vcpus));
}

/*
 * The text is made piece by piece, as it is read: as a whole it is a megabyte, for
 * which the host might have to move the guest's memory. The positions are the heading,
 * all vCPUs' entries, the slots and the end.
 */
struct exit_reading {
	struct kvm *kvm;
	loff_t entries;		/* of the vCPUs that were there when the file was opened */
};

static struct kvm_vcpu *vcpu_at(const struct exit_reading *reading, loff_t at)
{
	return kvm_get_vcpu(reading->kvm, (at - 1) / exit_causes);
}

static const struct exit_cause *cause_at(const struct exit_reading *reading, loff_t at)
{
	return &exit_stats_of(vcpu_at(reading, at))->causes->table[(at - 1) % exit_causes];
}

static loff_t end_of(const struct exit_reading *reading)
{
	return 1 + reading->entries + exit_map.slots;
}

/* Skips free entries. */
static void *causes_start(struct seq_file *m, loff_t *at)
{
	const struct exit_reading *reading = m->private;

	while (*at >= 1 && *at <= reading->entries && !cause_at(reading, *at)->key)
		++*at;
	return *at <= end_of(reading) ? at : NULL;
}

static void *causes_next(struct seq_file *m, void *v, loff_t *at)
{
	++*at;
	return causes_start(m, at);
}

static void causes_stop(struct seq_file *m, void *v)
{
}

static int causes_show(struct seq_file *m, void *v)
{
	const struct exit_reading *reading = m->private;
	loff_t at = *(loff_t *)v;

	if (at == 0)
		show_heading(m, reading->kvm);
	else if (at <= reading->entries)
		show_cause(m, vcpu_at(reading, at), cause_at(reading, at));
	else if (at < end_of(reading))
		show_slot(m, reading->kvm, at - 1 - reading->entries);
	else
		seq_puts(m, "end\n");
	return 0;
}

static const struct seq_operations causes_operations = {
	.start	= causes_start,
	.next	= causes_next,
	.stop	= causes_stop,
	.show	= causes_show,
};

/* The open file keeps a reference to the VM, so that its vCPUs stay. */
static int exit_causes_open(struct inode *inode, struct file *file)
{
	struct kvm *kvm = inode->i_private;
	struct exit_reading *reading;

	if (!static_key_enabled(&exit_causes_key))
		return -ENODATA;
	if (!refcount_inc_not_zero(&kvm->users_count))
		return -ENOENT;
	reading = __seq_open_private(file, &causes_operations, sizeof(*reading));
	if (!reading) {
		kvm_put_kvm(kvm);
		return -ENOMEM;
	}
	reading->kvm = kvm;
	reading->entries = (loff_t)atomic_read(&kvm->online_vcpus) * exit_causes;
	return 0;
}

static int exit_causes_release(struct inode *inode, struct file *file)
{
	kvm_put_kvm(inode->i_private);
	return seq_release_private(inode, file);
}

static ssize_t exit_causes_write(struct file *file, const char __user *text, size_t size,
				 loff_t *at)
{
	struct kvm *kvm = file_inode(file)->i_private;
	char word[8];

	if (size >= sizeof(word))
		return -EINVAL;
	memset(word, 0, sizeof(word));
	if (copy_from_user(word, text, size))
		return -EFAULT;
	if (strcmp(strim(word), "latch"))
		return -EINVAL;
	exit_causes_latch_vm(kvm);
	return size;
}

const struct file_operations exit_causes_fops = {
	.owner		= THIS_MODULE,
	.open		= exit_causes_open,
	.read		= seq_read,
	.write		= exit_causes_write,
	.llseek		= seq_lseek,
	.release	= exit_causes_release,
};
