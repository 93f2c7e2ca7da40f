/* SPDX-License-Identifier: MIT */
/*
 * Reads the exit counts by CPUID. The instruction comes in as a function, so
 * that tests can replace it by a counter of their own.
 */
#ifndef READER_LEAVES_H
#define READER_LEAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../kvm-patch/exit_leaves.h"

#ifdef __cplusplus
extern "C" {
#endif

struct regs {
	uint32_t eax, ebx, ecx, edx;
};

typedef struct regs (*cpuid_fn)(uint32_t leaf, uint32_t number);

/* Executes the real instruction. */
struct regs cpuid_now(uint32_t leaf, uint32_t number);

struct leaves {
	cpuid_fn cpuid;
	int layout;		/* enum exit_layout */
	uint64_t reads;		/* CPUID exits caused so far by reading leaves */
	bool mark;		/* reading T keeps its causes until the next such read */
};

struct count {
	bool defined;
	uint32_t value;
};

uint32_t read_total(struct leaves *leaves);
uint64_t read_total_cycles(struct leaves *leaves);
struct count read_count(struct leaves *leaves, uint32_t number);
uint64_t read_cycles(struct leaves *leaves, uint32_t number);
/* Returns the count as of this CPU's last read of the total. */
uint32_t read_latched(struct leaves *leaves, uint32_t number);

/*
 * Finds the layout from the answers alone; returns false where no exit counts answer.
 * In every layout an undefined number's count has EXIT_LEAF_UNDEFINED in edx, and T
 * grows from each read of it to the next, as a read is itself an exit.
 */
bool find_layout(struct leaves *leaves);

const char *layout_name(int layout);

#ifdef __cplusplus
}
#endif
#endif
