/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "snapshot.h"

#include <sched.h>
#include <string.h>

#include "../../kvm-patch/exit_numbers.h"

static const struct exit_range vmx_ranges[] = EXIT_RANGES_VMX;
static const struct exit_range svm_ranges[] = EXIT_RANGES_SVM;

bool is_svm(cpuid_fn cpuid, char vendor[13])
{
	struct regs r = cpuid(0, 0);

	memcpy(vendor, &r.ebx, 4);
	memcpy(vendor + 4, &r.edx, 4);
	memcpy(vendor + 8, &r.ecx, 4);
	vendor[12] = '\0';
	return strcmp(vendor, "AuthenticAMD") == 0 || strcmp(vendor, "HygonGenuine") == 0;
}

typedef void (*visitor)(struct leaves *leaves, struct snapshot *s, uint32_t number);

/* Visits every number that the vendor's manual defines, and the one of all others. */
static void visit_numbers(struct leaves *leaves, bool svm, struct snapshot *s, visitor visit)
{
	const struct exit_range *ranges = svm ? svm_ranges : vmx_ranges;
	size_t n = svm ? sizeof(svm_ranges) / sizeof(*svm_ranges) :
			 sizeof(vmx_ranges) / sizeof(*vmx_ranges);

	for (size_t i = 0; i < n; i++)
		for (uint32_t number = ranges[i].first;; number++) {
			visit(leaves, s, number);
			if (number == ranges[i].last)
				break;
		}
	visit(leaves, s, EXIT_NUMBER_OTHER);
}

static struct number_count *add(struct leaves *leaves, struct snapshot *s, uint32_t number)
{
	struct number_count *to = &s->reasons[s->numbers];

	if (s->numbers == SNAPSHOT_NUMBERS)
		return NULL;
	memset(to, 0, sizeof(*to));
	to->number = number;
	to->cycles = s->has_cycles ? read_cycles(leaves, number) : 0;
	s->numbers++;
	return to;
}

static void add_if_counted(struct leaves *leaves, struct snapshot *s, uint32_t number)
{
	struct count c = read_count(leaves, number);

	if (c.defined && c.value != 0)
		add(leaves, s, number);
}

static bool is_known(const struct snapshot *s, uint32_t number)
{
	for (uint32_t i = 0; i < s->numbers; i++)
		if (s->reasons[i].number == number)
			return true;
	return false;
}

/* Adds a number whose first exit came after the search and before T2. */
static void add_if_latched(struct leaves *leaves, struct snapshot *s, uint32_t number)
{
	struct number_count *added;
	uint32_t latched;

	if (is_known(s, number))
		return;
	latched = read_latched(leaves, number);
	added = latched ? add(leaves, s, number) : NULL;
	if (added)
		added->latched = latched;
}

static void read_back_to_back(struct leaves *leaves, struct snapshot *s)
{
	s->start_total = read_total(leaves);
	for (uint32_t i = 0; i < s->numbers; i++) {
		s->reasons[i].count = read_count(leaves, s->reasons[i].number).value;
		s->reasons[i].read = true;
	}
	s->end_total = read_total(leaves);
	s->own_exits = s->numbers + 1;
}

static bool is_whole(const struct snapshot *s)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < s->numbers; i++)
		sum += s->reasons[i].latched;
	return sum == s->end_total;
}

static void read_latch(struct leaves *leaves, bool svm, struct snapshot *s)
{
	for (uint32_t i = 0; i < s->numbers; i++)
		s->reasons[i].latched = read_latched(leaves, s->reasons[i].number);
	if (!is_whole(s))
		visit_numbers(leaves, svm, s, add_if_latched);
}

static void try_snapshot(struct leaves *leaves, bool svm, struct snapshot *s)
{
	s->numbers = 0;
	visit_numbers(leaves, svm, s, add_if_counted);
	s->total_cycles = read_total_cycles(leaves);
	read_back_to_back(leaves, s);
	s->leaf_reads = leaves->reads;
	read_latch(leaves, svm, s);
	s->late_reads = leaves->reads - s->leaf_reads;
	s->whole = is_whole(s);
}

void take_snapshot(struct leaves *leaves, bool svm, struct snapshot *s)
{
	uint64_t before = leaves->reads;

	memset(s, 0, sizeof(*s));
	s->has_cycles = leaves->layout != EXIT_LAYOUT_COMBINED;
	/* One is enough unless another program on this CPU reads T after us and so moves the copy. */
	while (!s->whole && s->attempts < SNAPSHOT_ATTEMPTS) {
		s->attempts++;
		try_snapshot(leaves, svm, s);
	}
	s->leaf_reads -= before;
}

void take_snapshot_here(struct leaves *leaves, bool svm, struct snapshot *s)
{
	struct sched_param fifo = { .sched_priority = 50 }, normal = { 0 };
	cpu_set_t old, one;
	bool pinned = sched_getaffinity(0, sizeof(old), &old) == 0;

	CPU_ZERO(&one);
	CPU_SET((unsigned int)sched_getcpu(), &one);
	pinned = pinned && sched_setaffinity(0, sizeof(one), &one) == 0;
	sched_setscheduler(0, SCHED_FIFO, &fifo);
	take_snapshot(leaves, svm, s);
	sched_setscheduler(0, SCHED_OTHER, &normal);
	if (pinned)
		sched_setaffinity(0, sizeof(old), &old);
}
