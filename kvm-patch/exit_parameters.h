/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declares the parameters of kvm.ko for the exit counts (exit_parameters.c).
 */
#ifndef EXIT_PARAMETERS_H
#define EXIT_PARAMETERS_H

#include "exit_stats.h"

extern int exit_layout;			/* enum exit_layout */
extern u64 exit_preset;

/* Switches the causes on, where the parameters ask for them and they are possible. */
void exit_causes_switch(void);

/* Is true where the code that executes CPUID now may read the counts. */
bool exit_leaves_allowed(struct kvm_vcpu *vcpu);

/* Delays an answer by exit_leaf_delay. */
void exit_leaf_wait(void);

#endif
