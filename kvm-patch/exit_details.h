/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds what an exit was about, and which code of the guest made it, as far as both
 * vendors have it in common. Only exit_causes.c includes this file, so that it is
 * inlined into an exit's path.
 */
#ifndef EXIT_DETAILS_H
#define EXIT_DETAILS_H

#include "exit_causes.h"
#include "exit_hooks.h"
#include "lapic.h"
#if __has_include("kvm_cache_regs.h")
#include "kvm_cache_regs.h"
#else /* Linux 7.2 */
#include "regs.h"
#endif

/* Names what an exit is about, by its number; README.md lists the bits of each. */
enum exit_detail {
	EXIT_DETAIL_NONE,
	EXIT_DETAIL_CPUID,
	EXIT_DETAIL_MSR,
	EXIT_DETAIL_HYPERCALL,
	/* The next ones take calls to find. */
	EXIT_DETAIL_CALLED,
	EXIT_DETAIL_MEMORY = EXIT_DETAIL_CALLED,
	EXIT_DETAIL_WINDOW,
	EXIT_DETAIL_EXCEPTION,
	EXIT_DETAIL_INTERRUPT,
	/* These are bits of EXITINFO1 or the qualification, or follow from the number. */
	EXIT_DETAIL_PORT,
	EXIT_DETAIL_CR,
	EXIT_DETAIL_DR,
	EXIT_DETAIL_APIC,
	EXIT_DETAIL_EOI,
};

/* An exit's kind contains its mode in bits 3:0, and above them the following. */
#define EXIT_KIND_CPL_SHIFT 4
#define EXIT_KIND_SMM (1U << 6)
#define EXIT_KIND_NESTED (1U << 7)

enum exit_mode {
	EXIT_MODE_REAL,
	EXIT_MODE_VIRTUAL_8086,
	EXIT_MODE_PROTECTED_16,
	EXIT_MODE_PROTECTED_32,
	EXIT_MODE_COMPATIBILITY,
	EXIT_MODE_64,
};

/* A memory exit's detail has these parts. */
#define EXIT_MEMORY_ADDRESS GENMASK_ULL(51, 0)
#define EXIT_MEMORY_ACCESS_SHIFT 52
#define EXIT_MEMORY_CLASS_SHIFT 56

enum exit_memory_access {
	EXIT_MEMORY_READ,
	EXIT_MEMORY_WRITE,
	EXIT_MEMORY_FETCH,
	EXIT_MEMORY_ACCESS_UNKNOWN,
};

enum exit_memory_class {
	EXIT_MEMORY_RAM_FIRST,	/* not mapped yet */
	EXIT_MEMORY_RAM,	/* mapped, without the right to do so */
	EXIT_MEMORY_READ_ONLY,
	EXIT_MEMORY_DEVICE,	/* no memory there */
	EXIT_MEMORY_NESTED,	/* the address is a nested guest's own */
};

#define EXIT_MSR_WRITE BIT_ULL(32)
#define EXIT_CR_WRITE BIT(8)
#define EXIT_CR_CLTS (1 << 9)
#define EXIT_CR_LMSW (2 << 9)
#define EXIT_VECTOR_KNOWN BIT(8)
#define EXIT_APIC_WRITE BIT(16)
/* Larger subleaves are counted together: they are only what a guest left in ecx. */
#define EXIT_SUBLEAF_LAST 64

/* User addresses are random, so only their region is kept: the program or its libraries. */
#define EXIT_USER_REGION_SHIFT 40

/* Contains the processor's state at the exit, as far as a cause needs it. */
struct exit_where {
	u64 rip;
	u32 kind;
};

static bool in_smm(const struct kvm_vcpu *vcpu)
{
#ifdef HF_SMM_MASK
	return vcpu->arch.hflags & HF_SMM_MASK;
#else
	return false;
#endif
}

static u32 mode_of(struct kvm_vcpu *vcpu, bool protected, bool virtual, bool wide)
{
	if (!protected)
		return EXIT_MODE_REAL;
	if (virtual)
		return EXIT_MODE_VIRTUAL_8086;
	if (vcpu->arch.efer & EFER_LMA)
		return EXIT_MODE_COMPATIBILITY;
	return wide ? EXIT_MODE_PROTECTED_32 : EXIT_MODE_PROTECTED_16;
}

/* Is true of leaves whose answer depends on ecx (SDM vol. 2, CPUID; APM vol. 3, appendix E). */
static __always_inline bool has_subleaves(u32 leaf)
{
	switch (leaf) {
	case 0x4:
	case 0x7:
	case 0xb:
	case 0xd:
	case 0xf:
	case 0x10:
	case 0x12:
	case 0x14:
	case 0x17 ... 0x18:
	case 0x1b:
	case 0x1d ... 0x20:
	case 0x23 ... 0x24:
	case 0x8000001d:
	case 0x80000020:
	case 0x80000026:
		return true;
	default:
		return false;
	}
}

static __always_inline u64 cpuid_detail(struct kvm_vcpu *vcpu)
{
	u32 leaf = vcpu->arch.regs[VCPU_REGS_RAX], subleaf = vcpu->arch.regs[VCPU_REGS_RCX];

	if (!has_subleaves(leaf))
		return leaf;
	return leaf | (u64)min_t(u32, subleaf, EXIT_SUBLEAF_LAST) << 32;
}

static u64 memory_detail_of(u64 address, enum exit_memory_access access, enum exit_memory_class class)
{
	u64 unit = class == EXIT_MEMORY_DEVICE ? 1 : class == EXIT_MEMORY_READ_ONLY ? SZ_4K : SZ_2M;

	return (address & EXIT_MEMORY_ADDRESS & ~(unit - 1)) |
	       (u64)access << EXIT_MEMORY_ACCESS_SHIFT | (u64)class << EXIT_MEMORY_CLASS_SHIFT;
}

/* Returns what lies at an address by KVM's memory slots; its own (APIC, TSS) count as devices. */
static enum exit_memory_class memory_class(struct kvm_vcpu *vcpu, u64 address, bool mapped)
{
	int index = srcu_read_lock(&vcpu->kvm->srcu);
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_memslot(vcpu, gpa_to_gfn(address));
	enum exit_memory_class class = mapped ? EXIT_MEMORY_RAM : EXIT_MEMORY_RAM_FIRST;

	if (!slot || slot->id >= KVM_USER_MEM_SLOTS || slot->flags & KVM_MEMSLOT_INVALID)
		class = EXIT_MEMORY_DEVICE;
	else if (slot->flags & KVM_MEM_READONLY)
		class = EXIT_MEMORY_READ_ONLY;
	srcu_read_unlock(&vcpu->kvm->srcu, index);
	return class;
}

/* Returns the highest vector that waits for the window in KVM's APIC; 0 if there is none. */
static u64 window_detail(struct kvm_vcpu *vcpu)
{
	int vector = lapic_in_kernel(vcpu) ? kvm_lapic_find_highest_irr(vcpu) : -1;

	return vector < 0 ? 0 : vector | EXIT_VECTOR_KNOWN;
}

#endif
