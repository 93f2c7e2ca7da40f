/* SPDX-License-Identifier: MIT */
/*
 * A snapshot of all counts: T, then the count of every number that is not zero,
 * then T again, back to back; and then, from KVM's own copy, the counts of the
 * very moment of that last T. Whatever exits come in between, these add up to it;
 * the reads before show how many came. Nothing is subtracted: what the reading
 * itself caused is said beside it.
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

/* The caller has to stay on one CPU meanwhile: each vCPU has a copy of its own. */
void take_snapshot(struct leaves *leaves, bool svm, struct snapshot *snapshot);

/* On the CPU that runs this, and undisturbed by other tasks as far as the guest allows it. */
void take_snapshot_here(struct leaves *leaves, bool svm, struct snapshot *snapshot);

/* On AMD's and Hygon's processors. */
bool is_svm(cpuid_fn cpuid, char vendor[13]);

#ifdef __cplusplus
}
#endif
#endif
