/* SPDX-License-Identifier: MIT */
/*
 * What the tiny VMM's guests execute: 64-bit code without a stack, interrupts or
 * exceptions, copied to any address. The host sets the registers; an OUT to the
 * port VMM_PORT_DONE (which user mode may, too: IOPL is 3) ends a run.
 */
#include "orchestrator/vmm/payload.h"

	.section .rodata
	.globl vmm_payload, vmm_payload_end, vmm_list, vmm_repeat, vmm_nested, vmm_nested_guest
	.balign 16
vmm_payload:

/* rdi: the first struct query, rsi: behind the last. All four registers are loaded and stored. */
vmm_list:
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

vmm_payload_end:
	.section .note.GNU-stack, "", @progbits
