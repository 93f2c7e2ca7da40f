/* SPDX-License-Identifier: MIT
 * A machine's firmware, 64 KiB: prints to the serial port what each of its parts took of the time
 * stamp counter, eight digits a line as letters from 'a', and ends the machine by a triple fault.
 * The parts are a loop of 20,000 instructions and a wait of 168 us for a timer, under each mode of
 * the port of lab's QEMU (lab-port.h): 1 the clock goes, 2 only waiting takes time, 0 it stands
 * until the machine waits.
 */
	.macro	mode m
	mov	$\m, %al
	mov	$0x8901, %dx
	out	%al, %dx
	.endm

	.code16
	.globl	_start
_start:	cli
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %ss
	mov	$0x7000, %sp
	movw	$tick, 8 * 4
	movw	$0xf000, 8 * 4 + 2
	mov	$0x11, %al	/* the interrupt controller: vectors from 8, the timer only */
	out	%al, $0x20
	mov	$8, %al
	out	%al, $0x21
	mov	$4, %al
	out	%al, $0x21
	mov	$1, %al
	out	%al, $0x21
	mov	$0xfe, %al
	out	%al, $0x21
	mode	'1'
	call	work
	call	wait
	mode	'2'
	call	work
	call	wait
	call	work
	mode	'0'
	call	work
	call	wait
	call	work
	lidt	no_vectors
	int3

work:	rdtsc
	mov	%eax, %esi
	mov	$10000, %ecx
1:	dec	%ecx
	jnz	1b
	jmp	print

wait:	rdtsc
	mov	%eax, %esi
	mov	$0x30, %al	/* once, in 200 of its ticks */
	out	%al, $0x43
	mov	$200, %al
	out	%al, $0x40
	mov	$0, %al
	out	%al, $0x40
	sti
	hlt
	cli

print:	rdtsc
	sub	%esi, %eax
	mov	%eax, %ebx
	mov	$8, %cx
	mov	$0x3f8, %dx
2:	rol	$4, %ebx
	mov	%bl, %al
	and	$15, %al
	add	$'a', %al
	out	%al, %dx
	loop	2b
	mov	$'\n', %al
	out	%al, %dx
	ret

no_vectors:
	.word	0, 0, 0
tick:	push	%ax
	mov	$0x20, %al
	out	%al, $0x20
	pop	%ax
	iret
	.org	0xfff0		/* where a processor begins */
	ljmp	$0xf000, $0
	.org	0x10000
