/* SPDX-License-Identifier: MIT */
/*
 * Takes a snapshot of all counts: reads T, then every count that is not zero, then T
 * again (T2), back to back; and then, from KVM's own copy, the counts at the moment of
 * T2. These add up to T2 whatever exits come in between; the reads before show how
 * many came. Nothing is subtracted: the exits of the reading itself are reported beside
 * the counts.
 */
#ifndef READER_SNAPSHOT_H
#define READER_SNAPSHOT_H

#include "leaves.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SNAPSHOT_NUMBERS 320
#define SNAPSHOT_ATTEMPTS 8

struct number_count {
	uint32_t number;
	bool read;		/* between the two totals */
	uint32_t count;		/* what it was then */
	uint32_t latched;	/* what it was at the last total */
	uint64_t cycles;
};

struct snapshot {
	uint32_t start_total, end_total;
	uint32_t own_exits;	/* CPUID exits after T's read, T2's included */
	uint32_t attempts;
	bool whole;		/* the latched counts add up to T2 */
	uint64_t total_cycles;
	uint64_t leaf_reads;	/* all that this snapshot took up to T2, every attempt */
	uint64_t late_reads;	/* and after it */
	bool has_cycles;	/* the layout answers cycles by number */
	uint32_t numbers;
	struct number_count reasons[SNAPSHOT_NUMBERS];
};

/* Requires that the caller stays on one CPU meanwhile, as each vCPU has a copy of its own. */
void take_snapshot(struct leaves *leaves, bool svm, struct snapshot *snapshot);

/* Does so on the CPU that runs this, undisturbed by other tasks as far as the guest allows it. */
void take_snapshot_here(struct leaves *leaves, bool svm, struct snapshot *snapshot);

/* Is true on AMD's and Hygon's processors; writes the vendor's name. */
bool is_svm(cpuid_fn cpuid, char vendor[13]);

#ifdef __cplusplus
}
#endif
#endif
