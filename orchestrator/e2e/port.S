/* SPDX-License-Identifier: MIT
 * A machine's firmware: prints what each of its parts took of the time stamp counter. The parts are
 * a loop of 20,000 instructions and a wait for a timer, under each mode of the port of lab's QEMU
 * (lab-port.h): 1 the clock goes, 2 only waiting takes time, 0 it stands until the machine waits.
 */
#include "firmware.inc"

	.macro	mode m
	mov	$\m, %al
	mov	$0x8901, %dx
	out	%al, %dx
	.endm

	begin
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
	jmp	done

work:	rdtsc
	mov	%eax, %esi
	mov	$10000, %ecx
1:	dec	%ecx
	jnz	1b
	jmp	took

wait:	rdtsc
	mov	%eax, %esi
	start_timer
	sti
	hlt
	cli

took:	rdtsc
	sub	%esi, %eax
	jmp	print

done:	finish
