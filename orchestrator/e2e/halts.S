/* SPDX-License-Identifier: MIT
 * A machine's firmware, 64 KiB: halts 20,000 times, each time until a timer that it starts anew,
 * after a different number of instructions. Then it prints the time stamp counter's lower half to
 * the serial port, a digit as a letter from 'a', and ends the machine by a triple fault. Where the
 * clock counts instructions, that is the same number each time.
 */
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
	mov	$20000, %ebp
again:	mov	$0x30, %al	/* once, in 200 of its ticks: 168 us */
	out	%al, $0x43
	mov	$200, %al
	out	%al, $0x40
	mov	$0, %al
	out	%al, $0x40
	mov	%ebp, %ecx
	and	$1023, %ecx
	inc	%ecx
1:	dec	%ecx
	jnz	1b
	sti
	hlt
	cli
	dec	%ebp
	jnz	again
	rdtsc
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
	lidt	no_vectors
	int3
no_vectors:
	.word	0, 0, 0
tick:	mov	$0x20, %al
	out	%al, $0x20
	iret
	.org	0xfff0		/* where a processor begins */
	ljmp	$0xf000, $0
	.org	0x10000
