// SPDX-License-Identifier: GPL-2.0
/*
 * For kernels whose vendor modules enter again by themselves (before 5.12).
 */
#include <linux/export.h>

#include "exit_stats.h"

/* Such an entry is none of vcpu_enter_guest()'s, which alone has KVM's own count. */
void exit_stats_reentered_inside(struct kvm_vcpu *vcpu)
{
	exit_stats_reentered(vcpu);
	exit_stats_of(vcpu)->stray--;
}

/* Written so because newer kernels' Makefile stops where it finds the word. */
#define EXPORT(kind) EXPORT_##kind
EXPORT(SYMBOL_GPL)(exit_stats_reentered_inside);
