/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Lists the exit numbers that the vendors' manuals define, as ranges, for kernel
 * patch, reader and orchestrator alike. It is plain C without includes.
 *
 * VMX: Intel SDM vol. 3, appendix C, table C-1 (basic exit reasons).
 * SVM: AMD APM vol. 2 (24593), appendix C, table C-1 (intercept codes).
 */
#ifndef EXIT_NUMBERS_H
#define EXIT_NUMBERS_H

struct exit_range {
	unsigned int first;
	unsigned int last;
};

/*
 * 35, 38, 42, 71, 82 and 83 are not defined. 76 to 81 are SEAMCALL, TDCALL,
 * RDMSRLIST, WRMSRLIST, URDMSR and UWRMSR; 84 and 85 are RDMSR and WRMSRNS with an
 * immediate.
 */
#define EXIT_RANGES_VMX {                                                       \
	{ 0, 34 }, { 36, 37 }, { 39, 41 }, { 43, 70 }, { 72, 81 }, { 84, 85 },  \
}

/*
 * 0x00-0x5f are CR and DR accesses and exceptions; 0x60-0xa6 are INTR to IDLE_HLT;
 * 0x400-0x403 are NPF, AVIC and VMGEXIT; -4 to -1 are INVALID_PMC, IDLE_REQUIRED,
 * BUSY and INVALID. (0xf0000000-0xf00003ff is left to software and never happens.)
 */
#define EXIT_RANGES_SVM {                                                       \
	{ 0x00, 0xa6 }, { 0x400, 0x403 }, { 0xfffffffcu, 0xffffffffu },         \
}

#endif
