/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds what an exit was about, and which code of the guest made it, in VMX's VMCS. As
 * on SVM, bits of the qualification are stored where they are enough.
 */
#ifndef EXIT_DETAILS_VMX_H
#define EXIT_DETAILS_VMX_H

#include "exit_details.h"

/* These are fields of the VMCS (SDM vol. 3, appendix B); KVM reads them in kvm-intel only. */
#define VMCS_GUEST_PHYSICAL_ADDRESS 0x2400
#define VMCS_EXIT_INTERRUPTION 0x4404
#define VMCS_EXIT_INTERRUPTION_ERROR 0x4406
#define VMCS_GUEST_CS_ACCESS 0x4816
#define VMCS_GUEST_SS_ACCESS 0x4818
#define VMCS_EXIT_QUALIFICATION 0x6400
#define VMCS_GUEST_CS_BASE 0x6808
#define VMCS_GUEST_RIP 0x681e
#define VMCS_GUEST_RFLAGS 0x6820

/* Reads a field of the VMCS; zero if VMREAD fails. */
static __always_inline u64 vmcs_value(unsigned long field)
{
	unsigned long value = 0;

	asm volatile("vmread %1, %0" : "+r"(value) : "r"(field) : "cc");
	return value;
}

static enum exit_detail detail_vmx(u32 number)
{
	switch (number) {
	case EXIT_REASON_EXCEPTION_NMI:
		return EXIT_DETAIL_EXCEPTION;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		return EXIT_DETAIL_INTERRUPT;
	case 7: /* interrupt window */
		return EXIT_DETAIL_WINDOW;
	case EXIT_REASON_CPUID:
		return EXIT_DETAIL_CPUID;
	case EXIT_REASON_VMCALL:
		return EXIT_DETAIL_HYPERCALL;
	case EXIT_REASON_CR_ACCESS:
		return EXIT_DETAIL_CR;
	case EXIT_REASON_DR_ACCESS:
		return EXIT_DETAIL_DR;
	case EXIT_REASON_IO_INSTRUCTION:
		return EXIT_DETAIL_PORT;
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
		return EXIT_DETAIL_MSR;
	case EXIT_REASON_APIC_ACCESS:
	case EXIT_REASON_APIC_WRITE:
		return EXIT_DETAIL_APIC;
	case EXIT_REASON_EOI_INDUCED:
		return EXIT_DETAIL_EOI;
	case EXIT_REASON_EPT_VIOLATION:
	case EXIT_REASON_EPT_MISCONFIG:
		return EXIT_DETAIL_MEMORY;
	default:
		return EXIT_DETAIL_NONE;
	}
}

#define VMX_CS_LONG BIT(13)
#define VMX_SS_LEVEL GENMASK(6, 5)

/*
 * Returns the exit's linear address and kind. Access rights have the privilege level in
 * bits 6:5, 64-bit code in 13 and the default size in 14 (SDM vol. 3, table 25-2). SS's
 * level is the CPL. Processors without unrestricted guests run real mode as virtual-8086
 * mode.
 */
static struct exit_where where_vmx(struct kvm_vcpu *vcpu, u32 number)
{
	u64 cs = vmcs_value(VMCS_GUEST_CS_ACCESS), cpl = vmcs_value(VMCS_GUEST_SS_ACCESS) >> 5 & 3;
	bool real = container_of(vcpu, struct vcpu_vmx, vcpu)->rmode.vm86_active ||
		    !(vcpu->arch.cr0 & X86_CR0_PE);
	struct exit_where where = {
		.rip = vmcs_value(VMCS_GUEST_RIP),
		.kind = EXIT_MODE_64 | cpl << EXIT_KIND_CPL_SHIFT,
	};

	/* The VMCS is out of date where KVM emulates the guest's state or an entry failed. */
	if (unlikely(number == EXIT_REASON_INVALID_STATE))
		where.rip = kvm_rip_read(vcpu);
	if (likely(cs & VMX_CS_LONG && vcpu->arch.efer & EFER_LMA))
		return where;
	where.rip = (u32)(vmcs_value(VMCS_GUEST_CS_BASE) + where.rip);
	where.kind = mode_of(vcpu, !real, vmcs_value(VMCS_GUEST_RFLAGS) & X86_EFLAGS_VM,
			     cs & BIT(14));
	if (!real)
		where.kind |= cpl << EXIT_KIND_CPL_SHIFT;
	return where;
}

/* Is true of most exits: their address needs no segment's base, and their mode is known. */
static __always_inline bool is_kernel_64_vmx(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.efer & EFER_LMA && !in_smm(vcpu) &&
	       vmcs_value(VMCS_GUEST_CS_ACCESS) & VMX_CS_LONG &&
	       !(vmcs_value(VMCS_GUEST_SS_ACCESS) & VMX_SS_LEVEL);
}

/* Returns the bits of the qualification that distinguish this number's causes. */
static u64 info_mask_vmx(u32 number)
{
	switch (detail_vmx(number)) {
	case EXIT_DETAIL_PORT:
		return GENMASK_ULL(31, 16) | GENMASK_ULL(5, 0);
	case EXIT_DETAIL_CR:
		return GENMASK_ULL(5, 0);
	case EXIT_DETAIL_DR:
		return BIT_ULL(4) | GENMASK_ULL(2, 0);
	case EXIT_DETAIL_APIC:
		return number == EXIT_REASON_APIC_WRITE ? GENMASK_ULL(11, 0) : GENMASK_ULL(15, 0);
	case EXIT_DETAIL_EOI:
		return GENMASK_ULL(7, 0);
	default:
		return 0;
	}
}

/* Returns what an exit's path reads; EXIT_DETAIL_NONE where the qualification is enough. */
static enum exit_detail asked_detail_vmx(u32 number)
{
	return info_mask_vmx(number) ? EXIT_DETAIL_NONE : detail_vmx(number);
}

/*
 * Decodes the qualification (SDM vol. 3, table 28-7): bit 1 write, 2 fetch, 5:3 what the
 * mapping allows. A misconfiguration has none; by it KVM marks a device's page.
 */
static u64 memory_detail_vmx(struct kvm_vcpu *vcpu, u32 number)
{
	u64 info = vmcs_value(VMCS_EXIT_QUALIFICATION),
	    address = vmcs_value(VMCS_GUEST_PHYSICAL_ADDRESS);
	bool device = number == EXIT_REASON_EPT_MISCONFIG;
	enum exit_memory_access access = device ? EXIT_MEMORY_ACCESS_UNKNOWN
					 : info & BIT(1) ? EXIT_MEMORY_WRITE
					 : info & BIT(2) ? EXIT_MEMORY_FETCH : EXIT_MEMORY_READ;

	if (is_guest_mode(vcpu))
		return memory_detail_of(address, access, EXIT_MEMORY_NESTED);
	if (device)
		return memory_detail_of(address, access, EXIT_MEMORY_DEVICE);
	return memory_detail_of(address, access,
				memory_class(vcpu, address, info & (BIT(3) | BIT(4) | BIT(5))));
}

static u64 exception_detail_vmx(void)
{
	u32 info = vmcs_value(VMCS_EXIT_INTERRUPTION), vector = info & 0xff;

	return info & BIT(11) ? vector | vmcs_value(VMCS_EXIT_INTERRUPTION_ERROR) << 32 : vector;
}

/* Returns the vector that was acknowledged with the exit; 0 if there was none. */
static u64 interrupt_detail_vmx(void)
{
	u32 info = vmcs_value(VMCS_EXIT_INTERRUPTION);

	return info & BIT(31) ? (info & 0xff) | EXIT_VECTOR_KNOWN : 0;
}

/* Returns a detail below EXIT_DETAIL_CALLED as it is stored; shown_detail_vmx() decodes it. */
static __always_inline u64 detail_without_call_vmx(struct kvm_vcpu *vcpu, u32 number,
						   const struct exit_cause_slot *slot)
{
	if (!slot->detail)
		return slot->info_mask ? vmcs_value(VMCS_EXIT_QUALIFICATION) & slot->info_mask : 0;
	if (slot->detail == EXIT_DETAIL_CPUID)
		return cpuid_detail(vcpu);
	if (slot->detail == EXIT_DETAIL_MSR)
		return (u32)vcpu->arch.regs[VCPU_REGS_RCX] |
		       (number == EXIT_REASON_MSR_WRITE ? EXIT_MSR_WRITE : 0);
	return (u32)vcpu->arch.regs[VCPU_REGS_RAX];
}

static u64 detail_of_vmx(struct kvm_vcpu *vcpu, u32 number, const struct exit_cause_slot *slot)
{
	switch (slot->detail) {
	case EXIT_DETAIL_MEMORY:
		return memory_detail_vmx(vcpu, number);
	case EXIT_DETAIL_WINDOW:
		return window_detail(vcpu);
	case EXIT_DETAIL_EXCEPTION:
		return exception_detail_vmx();
	case EXIT_DETAIL_INTERRUPT:
		return interrupt_detail_vmx();
	default:
		return detail_without_call_vmx(vcpu, number, slot);
	}
}

/* Decodes SDM vol. 3, table 28-5: bits 2:0 size less one, 3 IN, 4 string, 5 REP, 31:16 port. */
static u64 shown_port_vmx(u64 info)
{
	return (info >> 16 & 0xffff) | ((info & 7) + 1) << 16 |
	       (info & (BIT(3) | BIT(4) | BIT(5))) << 21;
}

/* Decodes SDM vol. 3, table 28-3: bits 3:0 register, 5:4 to, from, CLTS, LMSW. */
static u64 shown_cr_vmx(u64 info)
{
	switch (info >> 4 & 3) {
	case 0:
		return (info & 0xf) | EXIT_CR_WRITE;
	case 1:
		return info & 0xf;
	case 2:
		return EXIT_CR_WRITE | EXIT_CR_CLTS;
	default:
		return EXIT_CR_WRITE | EXIT_CR_LMSW;
	}
}

/* Returns a stored detail in the bits that README.md lists. */
static u64 shown_detail_vmx(u32 number, u64 kept)
{
	switch (detail_vmx(number)) {
	case EXIT_DETAIL_PORT:
		return shown_port_vmx(kept);
	case EXIT_DETAIL_CR:
		return shown_cr_vmx(kept);
	case EXIT_DETAIL_DR:
		/* Bits 2:0 are the register, 4 is set for a read (SDM vol. 3, table 28-4). */
		return (kept & 7) | (kept & BIT(4) ? 0 : EXIT_CR_WRITE);
	case EXIT_DETAIL_APIC:
		/* Bits 11:0 are the offset, 15:12 is 1 for a write (SDM vol. 3, table 28-6). */
		return (kept & 0xfff) | (number == EXIT_REASON_APIC_WRITE || kept >> 12 == 1
						 ? EXIT_APIC_WRITE : 0);
	default:
		return kept;
	}
}

#endif
