/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds what an exit was about, and which code of the guest made it, in SVM's VMCB. An
 * exit's path only keeps what distinguishes its detail from others, as bits of EXITINFO1
 * where these are enough; they are decoded where the causes are read.
 */
#ifndef EXIT_DETAILS_SVM_H
#define EXIT_DETAILS_SVM_H

#include "exit_details.h"

static const struct vmcb *vmcb_of(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct vcpu_svm, vcpu)->vmcb;
}

static enum exit_detail detail_svm(u32 number)
{
	switch (number) {
	case SVM_EXIT_READ_CR0 ... SVM_EXIT_READ_CR0 + 0x1f:
	case 0x65: /* a selective write of CR0 */
		return EXIT_DETAIL_CR;
	case SVM_EXIT_READ_DR0 ... SVM_EXIT_READ_DR0 + 0x1f:
		return EXIT_DETAIL_DR;
	case SVM_EXIT_EXCP_BASE ... SVM_EXIT_EXCP_BASE + 0x1f:
		return EXIT_DETAIL_EXCEPTION;
	case SVM_EXIT_VINTR:
		return EXIT_DETAIL_WINDOW;
	case SVM_EXIT_CPUID:
		return EXIT_DETAIL_CPUID;
	case SVM_EXIT_IOIO:
		return EXIT_DETAIL_PORT;
	case SVM_EXIT_MSR:
		return EXIT_DETAIL_MSR;
	case SVM_EXIT_VMMCALL:
		return EXIT_DETAIL_HYPERCALL;
	case SVM_EXIT_NPF:
		return EXIT_DETAIL_MEMORY;
	case SVM_EXIT_AVIC_INCOMPLETE_IPI:
	case SVM_EXIT_AVIC_UNACCELERATED_ACCESS:
		return EXIT_DETAIL_APIC;
	default:
		return EXIT_DETAIL_NONE;
	}
}

/* These vectors have an error code: DF, TS, NP, SS, GP, PF, AC, CP (SDM vol. 3, table 6-1). */
#define WITH_ERROR (BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(17) | BIT(21))

/* Selects a port access in EXITINFO1, without the address size and the segment. */
#define SVM_PORT_INFO (GENMASK_ULL(31, 16) | GENMASK_ULL(6, 2) | BIT_ULL(0))
/* Selects an APIC access: bits 11:4 are the offset, 32 is set for a write. */
#define SVM_APIC_INFO (GENMASK_ULL(11, 4) | BIT_ULL(32))

/* Returns the bits of EXITINFO1 that distinguish this number's causes. */
static u64 info_mask_svm(u32 number)
{
	switch (detail_svm(number)) {
	case EXIT_DETAIL_PORT:
		return SVM_PORT_INFO;
	case EXIT_DETAIL_EXCEPTION:
		return WITH_ERROR & BIT(number - SVM_EXIT_EXCP_BASE) ? U32_MAX : 0;
	case EXIT_DETAIL_APIC:
		return number == SVM_EXIT_AVIC_INCOMPLETE_IPI ? 0 : SVM_APIC_INFO;
	default:
		return 0;
	}
}

/*
 * Returns the exit's linear address and kind. Outside 64-bit mode the segment's base is
 * added, and the sum has 32 bits.
 */
static __always_inline struct exit_where where_svm(struct kvm_vcpu *vcpu)
{
	const struct vmcb_save_area *save = &vmcb_of(vcpu)->save;
	struct exit_where where = {
		.rip = save->rip,
		.kind = EXIT_MODE_64 | save->cpl << EXIT_KIND_CPL_SHIFT,
	};

	if (likely(save->cs.attrib & SVM_SELECTOR_L_MASK && vcpu->arch.efer & EFER_LMA))
		return where;
	where.rip = (u32)(save->cs.base + save->rip);
	where.kind = save->cpl << EXIT_KIND_CPL_SHIFT |
		     mode_of(vcpu, save->cr0 & X86_CR0_PE, save->rflags & X86_EFLAGS_VM,
			     save->cs.attrib & SVM_SELECTOR_DB_MASK);
	return where;
}

/* Is true of most exits: their address needs no segment's base, and their mode is known. */
static __always_inline bool is_kernel_64_svm(struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	return !vmcb->save.cpl && vmcb->save.cs.attrib & SVM_SELECTOR_L_MASK &&
	       vcpu->arch.efer & EFER_LMA && !in_smm(vcpu);
}

/*
 * Decodes EXITINFO1 (APM vol. 2, 15.25.6): bit 0 present, 1 write, 3 reserved (by which
 * KVM marks a device's page), 4 fetch.
 */
static u64 memory_detail_svm(struct kvm_vcpu *vcpu)
{
	u64 info = vmcb_of(vcpu)->control.exit_info_1, address = vmcb_of(vcpu)->control.exit_info_2;
	enum exit_memory_access access = info & BIT(1) ? EXIT_MEMORY_WRITE
					 : info & BIT(4) ? EXIT_MEMORY_FETCH : EXIT_MEMORY_READ;

	if (is_guest_mode(vcpu))
		return memory_detail_of(address, access, EXIT_MEMORY_NESTED);
	if (info & BIT(3))
		return memory_detail_of(address, access, EXIT_MEMORY_DEVICE);
	return memory_detail_of(address, access, memory_class(vcpu, address, info & BIT(0)));
}

/* Returns what an exit's path reads; EXIT_DETAIL_NONE where bits of EXITINFO1 are enough. */
static enum exit_detail asked_detail_svm(u32 number)
{
	enum exit_detail detail = detail_svm(number);

	switch (detail) {
	case EXIT_DETAIL_CPUID:
	case EXIT_DETAIL_MSR:
	case EXIT_DETAIL_HYPERCALL:
	case EXIT_DETAIL_MEMORY:
	case EXIT_DETAIL_WINDOW:
		return detail;
	default:
		return EXIT_DETAIL_NONE;
	}
}

/* Returns a detail below EXIT_DETAIL_CALLED as it is stored; shown_detail_svm() decodes it. */
static __always_inline u64 detail_without_call_svm(struct kvm_vcpu *vcpu, const struct vmcb *vmcb,
						   const struct exit_cause_slot *slot)
{
	u64 info = vmcb->control.exit_info_1;

	if (!slot->detail)
		return info & slot->info_mask;
	if (slot->detail == EXIT_DETAIL_CPUID)
		return cpuid_detail(vcpu);
	if (slot->detail == EXIT_DETAIL_MSR)
		return (u32)vcpu->arch.regs[VCPU_REGS_RCX] | (info & BIT_ULL(0)) << 32;
	return (u32)vcpu->arch.regs[VCPU_REGS_RAX];
}

static __always_inline u64 detail_of_svm(struct kvm_vcpu *vcpu, const struct exit_cause_slot *slot)
{
	if (slot->detail == EXIT_DETAIL_MEMORY)
		return memory_detail_svm(vcpu);
	if (slot->detail == EXIT_DETAIL_WINDOW)
		return window_detail(vcpu);
	return detail_without_call_svm(vcpu, vmcb_of(vcpu), slot);
}

/* Decodes APM vol. 2, 15.10.2: bit 0 IN, 2 string, 3 REP, 6:4 size in bytes, 31:16 port. */
static u64 shown_port_svm(u64 info)
{
	return (info >> 16 & 0xffff) | (info >> 4 & 7) << 16 | (info & BIT(0)) << 24 |
	       (info & (BIT(2) | BIT(3))) << 23;
}

/* Decodes APM vol. 2, 15.29.9: bits 11:4 offset, 32 write. An IPI is a write of ICR. */
static u64 shown_apic_svm(u32 number, u64 info)
{
	if (number == SVM_EXIT_AVIC_INCOMPLETE_IPI)
		return APIC_ICR | EXIT_APIC_WRITE;
	return (info & 0xff0) | (info & BIT_ULL(32) ? EXIT_APIC_WRITE : 0);
}

/* Returns a stored detail in the bits that README.md lists. */
static u64 shown_detail_svm(u32 number, u64 kept)
{
	switch (detail_svm(number)) {
	case EXIT_DETAIL_PORT:
		return shown_port_svm(kept);
	case EXIT_DETAIL_APIC:
		return shown_apic_svm(number, kept);
	case EXIT_DETAIL_EXCEPTION:
		return (number - SVM_EXIT_EXCP_BASE) | kept << 32;
	case EXIT_DETAIL_CR:
		return number == 0x65 ? EXIT_CR_WRITE
				      : (number & 0xf) | (number & 0x10 ? EXIT_CR_WRITE : 0);
	case EXIT_DETAIL_DR:
		return (number & 0xf) | (number & 0x10 ? EXIT_CR_WRITE : 0);
	default:
		return kept;
	}
}

#endif
