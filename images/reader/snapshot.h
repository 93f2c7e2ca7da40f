/* SPDX-License-Identifier: MIT */
/*
 * A snapshot of all counts that is known to be undisturbed: T, then the count
 * of every number that is not zero, then T again, back to back. Nothing is
 * subtracted: what the reading itself caused is said beside it.
 */
#ifndef READER_SNAPSHOT_H
#define READER_SNAPSHOT_H

#include "leaves.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SNAPSHOT_NUMBERS 320
#define SNAPSHOT_ATTEMPTS 64

struct number_count {
	uint32_t number;
	uint32_t count;
	uint64_t cycles;
};

struct snapshot {
	uint32_t start_total, end_total;
	uint32_t own_exits;	/* CPUID exits after T's read, T2's included */
	uint32_t attempts;
	bool clean;		/* no other exit came between T and T2 */
	uint64_t total_cycles;
	uint64_t leaf_reads;	/* all that this snapshot took, every attempt */
	bool has_cycles;	/* the layout answers cycles by number */
	uint32_t numbers;
	struct number_count reasons[SNAPSHOT_NUMBERS];
};

/* cpuid_number: the exit number of CPUID here (10 or 0x72). */
void take_snapshot(struct leaves *leaves, uint32_t cpuid_number, struct snapshot *snapshot);

/* 0x72 on AMD's and Hygon's processors, otherwise 10. */
uint32_t cpuid_exit_number(cpuid_fn cpuid, char vendor[13]);

#ifdef __cplusplus
}
#endif
#endif
