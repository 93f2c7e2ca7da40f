// SPDX-License-Identifier: GPL-2.0
/*
 * Defines the parameters of kvm.ko for the exit counts, and does what histograms
 * and the log line add to an exit where they are on.
 */
#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "exit_causes.h"
#include "exit_parameters.h"

int exit_layout __read_mostly = EXIT_LAYOUT_DESCENDING;
enum exit_scope exit_scope __read_mostly = EXIT_SCOPE_VM;
bool exit_histograms __read_mostly;
u64 exit_preset __read_mostly;
unsigned int exit_causes __read_mostly;

static bool exit_counts = true;
static bool exit_hlt_twice;
static unsigned int exit_leaf_delay;
static int exit_leaves = 1;
static unsigned long log_every;
static DEFINE_MUTEX(exit_parameter_lock);

DEFINE_STATIC_KEY_TRUE(exit_counts_key);
DEFINE_STATIC_KEY_TRUE(exit_svm_key);
DEFINE_STATIC_KEY_FALSE(exit_more_key);
DEFINE_STATIC_KEY_FALSE(exit_causes_key);
DEFINE_STATIC_KEY_FALSE(exit_extra_key);
DEFINE_STATIC_KEY_FALSE(exit_hlt_twice_key);

/* Describes a parameter whose value is one of some words. */
struct exit_words {
	int *value;
	const char *const *words;
	int n;
};

#define EXIT_LEAF_DELAY_LIMIT 1000

enum { LEAVES_OFF, LEAVES_ON, LEAVES_ROOT };

static const char *const layout_words[EXIT_LAYOUT_COUNT] = EXIT_LAYOUT_NAMES;
static const char *const scope_words[] = { "vm", "host" };
static const char *const leaves_words[] = { "off", "on", "root" };

/* Sets the static keys by the parameters; is also called before all of them are read. */
static void set_keys(void)
{
	if (exit_counts)
		static_branch_enable(&exit_counts_key);
	else
		static_branch_disable(&exit_counts_key);
	if (exit_histograms || READ_ONCE(log_every))
		static_branch_enable(&exit_extra_key);
	else
		static_branch_disable(&exit_extra_key);
	if (static_key_enabled(&exit_extra_key) || static_key_enabled(&exit_causes_key))
		static_branch_enable(&exit_more_key);
	else
		static_branch_disable(&exit_more_key);
	if (exit_hlt_twice)
		static_branch_enable(&exit_hlt_twice_key);
	else
		static_branch_disable(&exit_hlt_twice_key);
}

static int set_word(const char *text, const struct kernel_param *kp)
{
	const struct exit_words *parameter = kp->arg;
	int found = __sysfs_match_string(parameter->words, parameter->n, text);

	if (found < 0)
		return found;
	mutex_lock(&exit_parameter_lock);
	WRITE_ONCE(*parameter->value, found);
	set_keys();
	mutex_unlock(&exit_parameter_lock);
	return 0;
}

static int get_word(char *buffer, const struct kernel_param *kp)
{
	const struct exit_words *parameter = kp->arg;

	return sysfs_emit(buffer, "%s\n", parameter->words[READ_ONCE(*parameter->value)]);
}

static int set_switch(const char *text, const struct kernel_param *kp)
{
	int r;

	mutex_lock(&exit_parameter_lock);
	r = param_set_bool(text, kp);
	if (!r)
		set_keys();
	mutex_unlock(&exit_parameter_lock);
	return r;
}

static int get_switch(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", *(bool *)kp->arg ? "on" : "off");
}

static int set_log_every(const char *text, const struct kernel_param *kp)
{
	int r;

	mutex_lock(&exit_parameter_lock);
	r = param_set_ulong(text, kp);
	if (!r)
		set_keys();
	mutex_unlock(&exit_parameter_lock);
	return r;
}

/* Rounds up to a power of two, so that a hash finds an entry without a division. */
static int set_causes(const char *text, const struct kernel_param *kp)
{
	unsigned int entries;
	int r = kstrtouint(text, 0, &entries);

	if (r)
		return r;
	if (entries && (entries < EXIT_CAUSES_MIN || entries > EXIT_CAUSES_MAX))
		return -ERANGE;
	exit_causes = entries ? roundup_pow_of_two(entries) : 0;
	return 0;
}

static int set_leaf_delay(const char *text, const struct kernel_param *kp)
{
	unsigned int microseconds;
	int r = kstrtouint(text, 0, &microseconds);

	if (r)
		return r;
	if (microseconds > EXIT_LEAF_DELAY_LIMIT)
		return -ERANGE;
	WRITE_ONCE(exit_leaf_delay, microseconds);
	return 0;
}

static const struct kernel_param_ops word_ops = { .set = set_word, .get = get_word };
static const struct kernel_param_ops switch_ops = { .set = set_switch, .get = get_switch };
static const struct kernel_param_ops bool_ops = { .set = set_switch, .get = param_get_bool };
static const struct kernel_param_ops log_ops = { .set = set_log_every, .get = param_get_ulong };
static const struct kernel_param_ops causes_ops = { .set = set_causes, .get = param_get_uint };
static const struct kernel_param_ops delay_ops = { .set = set_leaf_delay, .get = param_get_uint };

static struct exit_words layout_parameter = {
	&exit_layout, layout_words, ARRAY_SIZE(layout_words)
};
module_param_cb(exit_layout, &word_ops, &layout_parameter, 0444);
MODULE_PARM_DESC(exit_layout, "CPUID leaves of the exit counts: descending, ascending or combined");

static struct exit_words scope_parameter = {
	(int *)&exit_scope, scope_words, ARRAY_SIZE(scope_words)
};
module_param_cb(exit_scope, &word_ops, &scope_parameter, 0444);
MODULE_PARM_DESC(exit_scope, "What the leaves count: vm (the guest's own VM) or host (all VMs since loading)");

static struct exit_words leaves_parameter = {
	&exit_leaves, leaves_words, ARRAY_SIZE(leaves_words)
};
module_param_cb(exit_leaves, &word_ops, &leaves_parameter, 0644);
MODULE_PARM_DESC(exit_leaves, "Who in the guest may read: on (all), root (CPL 0 only) or off; can be changed while loaded");

module_param_cb(exit_counts, &switch_ops, &exit_counts, 0444);
MODULE_PARM_DESC(exit_counts, "Whether exits are counted at all: on or off");

module_param_cb(exit_histograms, &switch_ops, &exit_histograms, 0444);
MODULE_PARM_DESC(exit_histograms, "Histograms of the handlers' cycles for the host: on or off");

module_param_cb(exit_log_every, &log_ops, &log_every, 0644);
MODULE_PARM_DESC(exit_log_every, "A line in the kernel's log every so many exits of a vCPU (0: none); can be changed while loaded");

module_param_cb(exit_causes, &causes_ops, &exit_causes, 0444);
MODULE_PARM_DESC(exit_causes, "Entries a vCPU for the causes of exits (0: none; 16 to 65536, made a power of two)");

module_param(exit_preset, ullong, 0444);
MODULE_PARM_DESC(exit_preset, "For tests: exits of the CPUID number that each vCPU begins with");

module_param_cb(exit_hlt_twice, &bool_ops, &exit_hlt_twice, 0444);
MODULE_PARM_DESC(exit_hlt_twice, "For tests: a guest's HLT takes one more exit, a seeded regression: 0 or 1");

module_param_cb(exit_leaf_delay, &delay_ops, &exit_leaf_delay, 0644);
MODULE_PARM_DESC(exit_leaf_delay, "For tests: microseconds (0 to 1000) that each answer takes longer, as on a slow machine; can be changed while loaded");

/* Switches causes on; from then on exit_count_apart() counts every exit. */
static void switch_causes_on(void)
{
	mutex_lock(&exit_parameter_lock);
	static_branch_enable(&exit_causes_key);
	set_keys();
	mutex_unlock(&exit_parameter_lock);
	exit_map.direct = 0;
}

/* Runs when all parameters are known. Causes are kept for a VM, not for the whole host. */
void exit_causes_switch(void)
{
	if (!exit_causes || !exit_counts)
		return;
	if (exit_scope == EXIT_SCOPE_HOST)
		pr_warn("kvm: exit_causes: not with exit_scope=host\n");
	else if (!exit_causes_possible())
		pr_warn("kvm: exit_causes: not on Hyper-V, whose VMCS only kvm-intel can read\n");
	else
		switch_causes_on();
}

/* The parameter exit_stats shows that this kvm.ko is patched, and how; it cannot be set. */
static int set_version(const char *value, const struct kernel_param *kp)
{
	return -EPERM;
}

static int get_version(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", EXIT_STATS_VERSION);
}

static const struct kernel_param_ops version_ops = { .set = set_version, .get = get_version };
module_param_cb(exit_stats, &version_ops, NULL, 0444);
MODULE_PARM_DESC(exit_stats, "Version of the exit counts (read only)");
MODULE_INFO(exit_stats, EXIT_STATS_VERSION);

const char *exit_layout_name(void)
{
	return layout_words[exit_layout];
}

const char *exit_scope_name(void)
{
	return scope_words[exit_scope];
}

bool exit_leaves_allowed(struct kvm_vcpu *vcpu)
{
	if (!exit_counts)
		return false;
	switch (READ_ONCE(exit_leaves)) {
	case LEAVES_ON:
		return true;
	case LEAVES_ROOT:
		return kvm_x86_ops.get_cpl(vcpu) == 0;
	default:
		return false;
	}
}

void exit_leaf_wait(void)
{
	unsigned int microseconds = READ_ONCE(exit_leaf_delay);

	if (microseconds)
		udelay(microseconds);
}

#define LOG_REASONS 5

/* Returns the slot after this one in the order of counts; EXIT_SLOTS: before the first, or none. */
static u32 next_most(const struct exit_stats *stats, u32 after)
{
	u64 below = after < EXIT_SLOTS ? exit_count_in(stats, after) : U64_MAX, most = 0;
	u32 slot, found = EXIT_SLOTS;

	for (slot = 0; slot < exit_map.slots; slot++) {
		u64 count = exit_count_in(stats, slot);

		if (count > most && (count < below || (count == below && slot > after))) {
			most = count;
			found = slot;
		}
	}
	return found;
}

/* Logs "kvm: exits: pid 812 vcpu 0: 20000: msr 9000, io 4000, ..., others 120". */
static void log_line(struct kvm_vcpu *vcpu, const struct exit_stats *stats)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	u64 others = stats->total;
	u32 slot = EXIT_SLOTS;
	char text[256] = "";
	int i, length = 0;

	if (!__ratelimit(&limit))
		return;
	for (i = 0; i < LOG_REASONS; i++) {
		char name[EXIT_NAME_SIZE];
		u64 count;

		slot = next_most(stats, slot);
		if (slot == EXIT_SLOTS)
			break;
		count = exit_count_in(stats, slot);
		exit_name(exit_map.number_of[slot], name);
		length += scnprintf(text + length, sizeof(text) - length, " %s %llu,",
				    name, count);
		others -= count;
	}
	pr_info("kvm: exits: pid %d vcpu %d: %llu:%s others %llu\n",
		task_tgid_nr(current), vcpu->vcpu_id, stats->total, text, others);
}

void exit_stats_extra(struct kvm_vcpu *vcpu, u64 cycles)
{
	struct exit_stats *stats = exit_stats_of(vcpu);
	unsigned long every = READ_ONCE(log_every);
	u32 slot = (stats->current_slot - stats->slots) % EXIT_SLOTS;

	if (stats->histogram)
		stats->histogram[slot * 64 + ilog2(cycles | 1)]++;
	/* A fastpath's exits do not come here, so the total may pass a multiple unseen. */
	if (every && stats->total - stats->logged >= every) {
		stats->logged = stats->total - stats->total % every;
		log_line(vcpu, stats);
	}
}
