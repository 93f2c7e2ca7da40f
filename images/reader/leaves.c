/* SPDX-License-Identifier: MIT */
#include "leaves.h"

static const uint8_t answers[EXIT_LAYOUT_COUNT][EXIT_LEAVES] = EXIT_LAYOUT_TABLE;
static const char *const names[EXIT_LAYOUT_COUNT] = EXIT_LAYOUT_NAMES;

/* No vendor's manual defines this number: VMX's have 16 bits, SVM's are up to 0x403 or negative. */
#define UNDEFINED_NUMBER 0x12345u

struct regs cpuid_now(uint32_t leaf, uint32_t number)
{
	/* ecx is input and output, so every read loads it anew. */
	struct regs r = { .eax = leaf, .ecx = number };

	__asm__ volatile("cpuid"
			 : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx)
			 :
			 : "memory");
	return r;
}

const char *layout_name(int layout)
{
	return layout >= 0 && layout < EXIT_LAYOUT_COUNT ? names[layout] : "none";
}

/* Returns the leaf that answers this, or 0. */
static uint32_t leaf_for(int layout, enum exit_answer answer)
{
	for (uint32_t i = 0; i < EXIT_LEAVES; i++)
		if (answers[layout][i] == answer)
			return EXIT_LEAF_FIRST + i;
	return 0;
}

static struct regs read_leaf(struct leaves *leaves, enum exit_answer answer, uint32_t number)
{
	uint32_t leaf = leaf_for(leaves->layout, answer);

	if (leaf == 0)		/* combined: T and C share a leaf */
		leaf = leaf_for(leaves->layout, EXIT_ANSWER_TOTAL_AND_CYCLES);
	if (leaf == 0)
		return (struct regs){ 0 };
	leaves->reads++;
	return leaves->cpuid(leaf, number);
}

static uint64_t cycles_of(struct regs r)
{
	return (uint64_t)r.ebx << 32 | r.ecx;
}

uint32_t read_total(struct leaves *leaves)
{
	return read_leaf(leaves, EXIT_ANSWER_TOTAL, leaves->mark ? EXIT_LEAF_MARK : 0).eax;
}

uint64_t read_total_cycles(struct leaves *leaves)
{
	return cycles_of(read_leaf(leaves, EXIT_ANSWER_TOTAL_CYCLES, 0));
}

struct count read_count(struct leaves *leaves, uint32_t number)
{
	struct regs r = read_leaf(leaves, EXIT_ANSWER_COUNT, number);

	return (struct count){ r.edx != EXIT_LEAF_UNDEFINED, r.eax };
}

/* Returns 0 in the combined layout, which has no leaf for cycles by number. */
uint64_t read_cycles(struct leaves *leaves, uint32_t number)
{
	if (leaf_for(leaves->layout, EXIT_ANSWER_CYCLES) == 0)
		return 0;
	return cycles_of(read_leaf(leaves, EXIT_ANSWER_CYCLES, number));
}

uint32_t read_latched(struct leaves *leaves, uint32_t number)
{
	return read_leaf(leaves, EXIT_ANSWER_LATCHED, number).eax;
}

#define TOTALS_READ 4
/* Fewer exits than this come between two reads; it is less than half of what 32 bits count. */
#define GROWTH_LIMIT 0x40000000u

/* Checks that the undefined number answers as it must, and that T grows with our own reads. */
static bool fits(struct leaves *leaves, int layout)
{
	uint32_t leaf = leaf_for(layout, EXIT_ANSWER_COUNT);
	struct regs r = leaves->cpuid(leaf, UNDEFINED_NUMBER);
	uint32_t last, now;

	leaves->reads++;
	if (r.eax || r.ebx || r.ecx || r.edx != EXIT_LEAF_UNDEFINED)
		return false;
	leaves->layout = layout;
	last = read_total(leaves);
	for (int i = 1; i < TOTALS_READ; i++) {
		now = read_total(leaves);
		if (now == last || now - last > GROWTH_LIMIT)
			return false;
		last = now;
	}
	return true;
}

bool find_layout(struct leaves *leaves)
{
	for (int layout = 0; layout < EXIT_LAYOUT_COUNT; layout++)
		if (fits(leaves, layout))
			return true;
	leaves->layout = EXIT_LAYOUT_COUNT;
	return false;
}
