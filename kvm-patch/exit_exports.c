// SPDX-License-Identifier: GPL-2.0
/*
 * Exports a hook to vendor modules that enter again by themselves (before 5.12).
 */
#include <linux/export.h>

#include "exit_stats.h"

/* Only vcpu_enter_guest() has KVM's own count, so KVM counts one exit less than there was. */
void exit_stats_reentered_inside(struct kvm_vcpu *vcpu)
{
	exit_stats_reentered(vcpu);
	exit_stats_of(vcpu)->stray--;
}

/* The word is put together because newer kernels' Makefile stops where it finds it. */
#define EXPORT(kind) EXPORT_##kind
EXPORT(SYMBOL_GPL)(exit_stats_reentered_inside);
