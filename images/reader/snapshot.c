/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <string.h>

#include "../../kvm-patch/exit_numbers.h"

static const struct exit_range vmx_ranges[] = EXIT_RANGES_VMX;
static const struct exit_range svm_ranges[] = EXIT_RANGES_SVM;

#define SVM_CPUID 0x72u
#define VMX_CPUID 10u

uint32_t cpuid_exit_number(cpuid_fn cpuid, char vendor[13])
{
	struct regs r = cpuid(0, 0);

	memcpy(vendor, &r.ebx, 4);
	memcpy(vendor + 4, &r.edx, 4);
	memcpy(vendor + 8, &r.ecx, 4);
	vendor[12] = '\0';
	return strcmp(vendor, "AuthenticAMD") == 0 || strcmp(vendor, "HygonGenuine") == 0 ?
		       SVM_CPUID : VMX_CPUID;
}

static void add_if_counted(struct leaves *leaves, struct snapshot *s, uint32_t number)
{
	struct count c = read_count(leaves, number);

	if (!c.defined || c.value == 0 || s->numbers == SNAPSHOT_NUMBERS)
		return;
	s->reasons[s->numbers].number = number;
	s->reasons[s->numbers].count = c.value;
	s->reasons[s->numbers].cycles = s->has_cycles ? read_cycles(leaves, number) : 0;
	s->numbers++;
}

/* Which numbers have counts, and their cycles. The vendor's own come last: what
 * CPUID counts is read as late as can be, so that fewer reads follow it. */
static void search(struct leaves *leaves, uint32_t cpuid_number, struct snapshot *s)
{
	const struct exit_range *ranges = cpuid_number == SVM_CPUID ? svm_ranges : vmx_ranges;
	size_t n = cpuid_number == SVM_CPUID ? sizeof(svm_ranges) / sizeof(*svm_ranges) :
					       sizeof(vmx_ranges) / sizeof(*vmx_ranges);

	s->numbers = 0;
	for (size_t i = 0; i < n; i++)
		for (uint32_t number = ranges[i].first;; number++) {
			add_if_counted(leaves, s, number);
			if (number == ranges[i].last)
				break;
		}
	add_if_counted(leaves, s, EXIT_NUMBER_OTHER);
	s->total_cycles = read_total_cycles(leaves);
}

/* One try: true where nothing but our own CPUIDs happened meanwhile. */
static bool read_back_to_back(struct leaves *leaves, uint32_t cpuid_number, struct snapshot *s)
{
	uint32_t sum = 0, position = 0;

	s->start_total = read_total(leaves);
	for (uint32_t i = 0; i < s->numbers; i++)
		s->reasons[i].count = read_count(leaves, s->reasons[i].number).value;
	s->end_total = read_total(leaves);
	s->own_exits = s->numbers + 1;
	for (uint32_t i = 0; i < s->numbers; i++) {
		sum += s->reasons[i].count;
		if (s->reasons[i].number == cpuid_number)
			position = i + 1;
	}
	return s->end_total - s->start_total == s->own_exits && sum == s->start_total + position;
}

void take_snapshot(struct leaves *leaves, uint32_t cpuid_number, struct snapshot *s)
{
	uint64_t before = leaves->reads;

	memset(s, 0, sizeof(*s));
	s->has_cycles = leaves->layout != EXIT_LAYOUT_COMBINED;
	while (!s->clean && s->attempts < SNAPSHOT_ATTEMPTS) {
		/* A number may have had its first exit since the last search. */
		if (s->attempts % 8 == 0)
			search(leaves, cpuid_number, s);
		s->attempts++;
		s->clean = read_back_to_back(leaves, cpuid_number, s);
	}
	s->leaf_reads = leaves->reads - before;
}
