/* SPDX-License-Identifier: MIT
 * A machine's firmware: halts 20,000 times, each time until a timer that it starts anew, after a
 * different number of instructions. Then it prints the time stamp counter's lower half. Where the
 * clock counts instructions, that is the same number each time.
 */
#include "firmware.inc"

	begin
	mov	$20000, %ebp
again:	start_timer
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
	call	print
	finish
