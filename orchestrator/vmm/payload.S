/* SPDX-License-Identifier: MIT */
/*
 * What the tiny VMM's guests execute: 64-bit code without exceptions, copied to
 * any address. The host sets the registers; an OUT to the port VMM_PORT_DONE
 * (which user mode may, too: IOPL is 3) ends a run.
 */
#include "orchestrator/vmm/payload.h"

	.section .rodata
	.globl vmm_payload, vmm_payload_end, vmm_list, vmm_repeat, vmm_nested, vmm_nested_guest
	.globl vmm_vmcall, vmm_vmmcall, vmm_port, vmm_msr, vmm_cr4, vmm_hlt, vmm_ipi, vmm_answer
	.globl vmm_interrupt, vmm_once, vmm_priority, vmm_lingering
	.globl vmm_causes, vmm_causes_port, vmm_causes_other_port, vmm_causes_leaf, vmm_causes_msr
	.globl vmm_causes_done, vmm_any_mode
	.globl vmm_registers, vmm_registers_cr4, vmm_registers_to_dr, vmm_registers_from_dr
	.globl vmm_registers_done, vmm_lmsw, vmm_lmsw_write, vmm_lmsw_done
	.globl vmm_apic, vmm_apic_version, vmm_apic_esr, vmm_apic_eoi, vmm_apic_done
	.globl vmm_x2apic, vmm_x2apic_version, vmm_x2apic_eoi, vmm_x2apic_done
	.balign 16
vmm_payload:

/*
 * rdi: the first struct query, rsi: behind the last. All four registers are loaded and stored.
 * r8: instructions before each that cause no exit.
 */
vmm_list:
	movq	%r8, %r9
1:	decq	%r9
	jns	1b
	movq	VMM_QUERY_IN(%rdi), %rax
	movq	VMM_QUERY_IN + 8(%rdi), %rbx
	movq	VMM_QUERY_IN + 16(%rdi), %rcx
	movq	VMM_QUERY_IN + 24(%rdi), %rdx
	cpuid
	movq	%rax, VMM_QUERY_OUT(%rdi)
	movq	%rbx, VMM_QUERY_OUT + 8(%rdi)
	movq	%rcx, VMM_QUERY_OUT + 16(%rdi)
	movq	%rdx, VMM_QUERY_OUT + 24(%rdi)
	addq	$VMM_QUERY_BYTES, %rdi
	cmpq	%rsi, %rdi
	jb	vmm_list
	outb	%al, $VMM_PORT_DONE

/* rdi: how many CPUIDs, rsi: of which leaf. */
vmm_repeat:
	movl	%esi, %eax
	xorl	%ecx, %ecx
	cpuid
	decq	%rdi
	jnz	vmm_repeat
	outb	%al, $VMM_PORT_DONE

/*
 * rdi: how many VMRUNs, rsi: the VMCB, r8: the host save area. Counts in r9 the
 * CPUID and in r10 the HLT exits of its guest; any other one ends it at once,
 * with its number in r11.
 */
vmm_nested:
	movl	$VMM_MSR_EFER, %ecx
	rdmsr
	orl	$VMM_EFER_SVME, %eax
	wrmsr
	movl	$VMM_MSR_VM_HSAVE_PA, %ecx
	movl	%r8d, %eax
	xorl	%edx, %edx
	wrmsr
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
1:	movq	%rsi, %rax
	vmrun	%rax
	movq	VMM_VMCB_EXIT_CODE(%rsi), %rax
	cmpq	$VMM_EXIT_CPUID, %rax
	je	2f
	cmpq	$VMM_EXIT_HLT, %rax
	je	3f
	movq	%rax, %r11
	jmp	5f
2:	addq	$2, VMM_VMCB_RIP(%rsi)
	incq	%r9
	jmp	4f
3:	addq	$1, VMM_VMCB_RIP(%rsi)
	incq	%r10
4:	decq	%rdi
	jnz	1b
5:	outb	%al, $VMM_PORT_DONE

/* What the guest's guest executes. */
vmm_nested_guest:
	cpuid
	hlt
	jmp	vmm_nested_guest

/* rdi: how many, rsi: the hypercall's number. */
vmm_vmcall:
	movq	%rsi, %rax
	vmcall
	decq	%rdi
	jnz	vmm_vmcall
	outb	%al, $VMM_PORT_DONE

vmm_vmmcall:
	movq	%rsi, %rax
	vmmcall
	decq	%rdi
	jnz	vmm_vmmcall
	outb	%al, $VMM_PORT_DONE

/* rdi: how many. */
vmm_port:
	outb	%al, $VMM_PORT_EVENT
	decq	%rdi
	jnz	vmm_port
	outb	%al, $VMM_PORT_DONE

/* rdi: how many, rsi: what EFER has already. */
vmm_msr:
	movl	$VMM_MSR_EFER, %ecx
	movl	%esi, %eax
	xorl	%edx, %edx
1:	wrmsr
	decq	%rdi
	jnz	1b
	outb	%al, $VMM_PORT_DONE

/* rdi: how many, rsi: what CR4 has already. */
vmm_cr4:
	movq	%rsi, %cr4
	decq	%rdi
	jnz	vmm_cr4
	outb	%al, $VMM_PORT_DONE

	.macro enable_x2apic
	movl	$VMM_MSR_APIC_BASE, %ecx
	rdmsr
	orl	$VMM_X2APIC_ENABLED, %eax
	wrmsr
	movl	$VMM_MSR_X2APIC_SVR, %ecx
	movl	$0x1ff, %eax
	xorl	%edx, %edx
	wrmsr
	.endm

	/* An IPI to the APIC \target, or to the sender. */
	.macro send_ipi target, flags, vector=VMM_VECTOR
	movl	$VMM_MSR_X2APIC_ICR, %ecx
	movl	$(\vector | VMM_ICR_ASSERT | \flags), %eax
	movl	$\target, %edx
	wrmsr
	.endm

/* rdi: how many HLTs, each woken by an IPI to itself; rsi: counts them. */
vmm_hlt:
	enable_x2apic
1:	send_ipi 0, VMM_ICR_SELF
	sti
	hlt
	cli
	decq	%rdi
	jnz	1b
	outb	%al, $VMM_PORT_DONE

/*
 * rdi: how many IPIs to vCPU 1, which answers each (vmm_answer), both in HLT
 * meanwhile; rsi: counts the answers; r8: two words, of which the first ends
 * vCPU 1 and the second says that it waits.
 */
vmm_ipi:
	enable_x2apic
1:	pause
	cmpq	$0, 8(%r8)
	je	1b
2:	send_ipi 1, 0
	sti
	hlt
	cli
	decq	%rdi
	jnz	2b
	movq	$1, (%r8)
	send_ipi 1, 0
	outb	%al, $VMM_PORT_DONE

vmm_answer:
	enable_x2apic
	movq	$1, 8(%r8)
1:	cmpq	$0, (%r8)
	jne	2f
	sti
	hlt
	cli
	cmpq	$0, (%r8)
	jne	2f
	send_ipi 0, 0
	jmp	1b
2:	outb	%al, $VMM_PORT_DONE

/* What the interrupt does; changes rax, rcx, rdx. */
vmm_interrupt:
	incq	(%rsi)
	movl	$VMM_MSR_X2APIC_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	iretq

	/* Takes the pending interrupt, begins again at \again rdi times in all, and is done. */
	.macro take_pending again
	sti
	nop
	cli
	decq	%rdi
	jnz	\again
	outb	%al, $VMM_PORT_DONE
	.endm

/*
 * rdi: how many IPIs to itself, each pending before interrupts are on; rsi: counts
 * them; r8: how long each lingers.
 */
vmm_once:
	enable_x2apic
1:	send_ipi 0, VMM_ICR_SELF, VMM_VECTOR_LINGERING
	take_pending 1b

/* As vmm_once; the task priority is set and reset while the interrupt is pending. */
vmm_priority:
	enable_x2apic
1:	send_ipi 0, VMM_ICR_SELF, VMM_VECTOR_LINGERING
	movl	$1, %eax
	movq	%rax, %cr8
	xorl	%eax, %eax
	movq	%rax, %cr8
	take_pending 1b

/* As vmm_interrupt; before its end it executes r8 instructions that cause no exit. */
vmm_lingering:
	movq	%r8, %rcx
1:	decq	%rcx
	jns	1b
	jmp	vmm_interrupt

/*
 * rdi: how many rounds, rsi: what EFER has already; each exit at an address of its
 * own. r8: 0 in user mode, which may write no MSR.
 */
vmm_causes:
vmm_causes_port:
	outb	%al, $VMM_PORT_EVENT
vmm_causes_other_port:
	outb	%al, $VMM_PORT_OTHER_EVENT
	movl	$VMM_CAUSES_LEAF, %eax
	movl	$VMM_CAUSES_SUBLEAF, %ecx
vmm_causes_leaf:
	cpuid
	testq	%r8, %r8
	jz	1f
	movl	$VMM_MSR_EFER, %ecx
	movl	%esi, %eax
	xorl	%edx, %edx
vmm_causes_msr:
	wrmsr
1:	decq	%rdi
	jnz	vmm_causes
vmm_causes_done:
	outb	%al, $VMM_PORT_DONE

/* rdi: how many rounds, rsi: CR4, of which a bit that KVM owns changes each time. */
vmm_registers:
	xorq	$VMM_CR4_PSE, %rsi
vmm_registers_cr4:
	movq	%rsi, %cr4
vmm_registers_to_dr:
	movq	%rdi, %dr1
vmm_registers_from_dr:
	movq	%dr1, %rax
	decq	%rdi
	jnz	vmm_registers
vmm_registers_done:
	outb	%al, $VMM_PORT_DONE

/* rdi: how many rounds, rsi: CR0, of which a bit that KVM owns changes each time. */
vmm_lmsw:
	xorl	$VMM_CR0_MP, %esi
vmm_lmsw_write:
	lmsw	%si
	decq	%rdi
	jnz	vmm_lmsw
vmm_lmsw_done:
	outb	%al, $VMM_PORT_DONE

/* rdi: how many rounds, rsi: the APIC's page. */
vmm_apic:
vmm_apic_version:
	movl	VMM_APIC_VERSION(%rsi), %eax
vmm_apic_esr:
	movl	%edi, VMM_APIC_ESR(%rsi)
vmm_apic_eoi:
	movl	%edi, VMM_APIC_EOI(%rsi)
	decq	%rdi
	jnz	vmm_apic
vmm_apic_done:
	outb	%al, $VMM_PORT_DONE

/* rdi: how many rounds, in x2APIC mode. */
vmm_x2apic:
	movl	$VMM_MSR_X2APIC_VERSION, %ecx
vmm_x2apic_version:
	rdmsr
	movl	$VMM_MSR_X2APIC_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
vmm_x2apic_eoi:
	wrmsr
	decq	%rdi
	jnz	vmm_x2apic
vmm_x2apic_done:
	outb	%al, $VMM_PORT_DONE

/* The same bytes in 16-, 32- and 64-bit mode. */
vmm_any_mode:
	outb	%al, $VMM_PORT_EVENT
	outb	%al, $VMM_PORT_DONE

vmm_payload_end:
	.section .note.GNU-stack, "", @progbits
