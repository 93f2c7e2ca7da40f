/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Defines the CPUID leaves by which a guest reads its exit counts, and the names
 * of their layouts, for the kernel patch, the guest's reader and the orchestrator
 * alike. It is plain C without includes, usable from kernel and user space and
 * from C++.
 *
 * T is the total count, C the total cycles, c(n) the count of exit number n, t(n)
 * its cycles, and l(n) is c(n) as of this vCPU's last read of T. ecx passes n.
 * A count comes back in eax, with the other registers zero; cycles come back with
 * the high half in ebx and the low half in ecx.
 *
 *   layout      0x4FFFFFFB  0x4FFFFFFC  0x4FFFFFFD  0x4FFFFFFE  0x4FFFFFFF
 *   descending  l(n)        t(n)        c(n)        C           T
 *   ascending   l(n)        T           C           c(n)        t(n)
 *   combined    l(n)        (none)      (none)      c(n)        T in eax, C in ebx:ecx
 *
 * The l(n) of all n add up to the T that was read, whatever exits came in between;
 * the c(n) do only where none came.
 *
 * A number that the vendor's manual does not define answers eax = ebx = ecx = 0
 * and edx = EXIT_LEAF_UNDEFINED; a defined one that never happened (or that
 * this kernel has no handler for) answers four zeros.
 */
#ifndef EXIT_LEAVES_H
#define EXIT_LEAVES_H

#define EXIT_LEAF_FIRST 0x4FFFFFFBu
#define EXIT_LEAF_LAST 0x4FFFFFFFu
#define EXIT_LEAF_UNDEFINED 0xFFFFFFFFu

/*
 * A guest that reads T with this in ecx ("MARK" in ASCII) has the causes of that moment
 * (exit_causes) kept for the host until T is read so again, whatever is read meanwhile.
 * The answer is the same.
 */
#define EXIT_LEAF_MARK 0x4D41524Bu

enum exit_layout {
	EXIT_LAYOUT_DESCENDING = 0,
	EXIT_LAYOUT_ASCENDING = 1,
	EXIT_LAYOUT_COMBINED = 2,
	EXIT_LAYOUT_COUNT
};

#define EXIT_LAYOUT_NAMES { "descending", "ascending", "combined" }

/* Names what one leaf answers; EXIT_ANSWER_NONE: the leaf is not ours. */
enum exit_answer {
	EXIT_ANSWER_NONE = 0,
	EXIT_ANSWER_TOTAL,
	EXIT_ANSWER_TOTAL_CYCLES,
	EXIT_ANSWER_COUNT,
	EXIT_ANSWER_CYCLES,
	EXIT_ANSWER_TOTAL_AND_CYCLES,
	EXIT_ANSWER_LATCHED
};

/* The table is indexed by layout, then by leaf - EXIT_LEAF_FIRST. */
#define EXIT_LEAVES (EXIT_LEAF_LAST - EXIT_LEAF_FIRST + 1)
#define EXIT_LAYOUT_TABLE {                                                     \
	{ EXIT_ANSWER_LATCHED, EXIT_ANSWER_CYCLES, EXIT_ANSWER_COUNT,           \
	  EXIT_ANSWER_TOTAL_CYCLES, EXIT_ANSWER_TOTAL },                        \
	{ EXIT_ANSWER_LATCHED, EXIT_ANSWER_TOTAL, EXIT_ANSWER_TOTAL_CYCLES,     \
	  EXIT_ANSWER_COUNT, EXIT_ANSWER_CYCLES },                              \
	{ EXIT_ANSWER_LATCHED, EXIT_ANSWER_NONE, EXIT_ANSWER_NONE,              \
	  EXIT_ANSWER_COUNT, EXIT_ANSWER_TOTAL_AND_CYCLES },                    \
}

/*
 * Exits outside the tables are counted together under this number, so that the
 * sum over numbers is always the total. It is "OTHR" in ASCII, no exit number of
 * either vendor, and is read like any other number.
 */
#define EXIT_NUMBER_OTHER 0x4F544852u

#endif
