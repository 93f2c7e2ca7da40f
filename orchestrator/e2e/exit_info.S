/* SPDX-License-Identifier: MIT
 * A machine's firmware: runs two guests in real mode under SVM, and prints of each the VMCB's
 * EXITCODE and EXITINTINFO. The first one's exception is delivered before it exits; the second's
 * interrupt never is, because it has no vectors, and that guest shuts down.
 */
#include "firmware.inc"
#include "orchestrator/vmm/payload.h"

	.set	vmcb, 0x8000
	.set	save_area, 0x9000

	.macro	segment at selector base
	movw	$\selector, vmcb + \at
	movw	$0x93, vmcb + \at + 2	/* present, writable, accessed */
	movl	$0xffff, vmcb + \at + 4
	movl	$\base, vmcb + \at + 8
	.endm

	.macro	register at value
	movl	$\value, vmcb + \at
	.endm

	begin
	mov	%cr0, %eax	/* VMRUN asks for protected mode; the segments stay what they are */
	or	$1, %al
	mov	%eax, %cr0
	mov	$VMM_MSR_EFER, %ecx
	mov	$VMM_EFER_SVME, %eax
	xor	%edx, %edx
	wrmsr
	mov	$VMM_MSR_VM_HSAVE_PA, %ecx
	mov	$save_area, %eax
	wrmsr
	/* Offsets and bits: AMD APM vol. 2 (24593), appendix B. */
	register 0x0c 0x81000000	/* intercepted: shutdown, HLT */
	register 0x10 1			/* and VMRUN */
	register 0x58 1			/* address space */
	segment 0x400 0 0		/* ES */
	segment 0x410 0xf000 0xf0000	/* CS */
	segment 0x420 0 0		/* SS */
	segment 0x430 0 0		/* DS */
	register 0x484 0xffff		/* IDTR's limit */
	register 0x4d0 VMM_EFER_SVME
	register 0x558 0x10		/* CR0: ET */
	register 0x560 0x400		/* DR7 */
	register 0x568 0xffff0ff0	/* DR6 */
	register 0x570 2		/* RFLAGS */
	register 0x5d8 0x6000		/* RSP */
	movw	$return, 3 * 4
	movw	$0xf000, 3 * 4 + 2
	call	enter

	register 0x484 0
	register 0xa8 0x80000020	/* EVENTINJ: an external interrupt, vector 0x20 */
	call	enter
	jmp	done

enter:	register VMM_VMCB_RIP guest
	mov	$vmcb, %eax
	vmrun
	mov	vmcb + VMM_VMCB_EXIT_CODE, %eax
	call	print
	mov	vmcb + 0x88, %eax
	jmp	print

guest:	int3
	hlt
return:	iret

done:	finish
