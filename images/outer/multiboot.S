/* SPDX-License-Identifier: MIT
 *
 * Lets a Multiboot loader (GRUB) start an unpacked Linux kernel by its PVH entry, as QEMU does by
 * itself, so that the emulated processor unpacks nothing. It is one page right below the kernel.
 * Multiboot 1: gnu.org/software/grub/manual/multiboot, 3.1.1 header, 3.3 information. PVH: Xen's
 * docs/misc/pvh.pandoc and struct hvm_start_info. Both start in 32-bit protected mode without
 * paging, with the information's address in %ebx.
 *
 * The linker gives KERNEL_END (of what is in the file), KERNEL_BSS_END and PVH_ENTRY.
 */
	.code32
	.text
	.globl _start
_start:
	.long 0x1BADB002, FLAGS, -(0x1BADB002 + FLAGS)
	.long _start, _start, KERNEL_END, KERNEL_BSS_END, entry
	.set FLAGS, 1 << 0 | 1 << 1 | 1 << 16 /* aligned modules, memory map, addresses are given */

entry:
	cld
	movl	16(%ebx), %eax		/* command line */
	movl	%eax, cmdline
	cmpl	$0, 20(%ebx)		/* number of modules: none or the initrd */
	je	1f
	movl	24(%ebx), %esi
	movl	0(%esi), %eax		/* its start and end */
	movl	4(%esi), %ecx
	subl	%eax, %ecx
	movl	%eax, module
	movl	%ecx, module_size
	incl	modules

1:	movl	48(%ebx), %esi		/* memory map: entries of size, base, length, type */
	movl	44(%ebx), %edx
	addl	%esi, %edx
	movl	$memory, %edi
2:	cmpl	%edx, %esi
	jae	3f
	cmpl	$most_ranges, ranges
	jae	3f
	movl	(%esi), %ebp
	addl	$4, %esi
	addl	%esi, %ebp
	movl	$5, %ecx		/* PVH's: base, length, type, reserved */
	rep movsl
	addl	$4, %edi
	incl	ranges
	movl	%ebp, %esi
	jmp	2b

3:	movl	$info, %ebx
	movl	$PVH_ENTRY, %eax
	jmp	*%eax

	.balign 8
info:	.long 0x336ec578, 1, 0		/* magic, version, flags */
modules:
	.long 0, module, 0
cmdline:
	.long 0, 0, 0, 0		/* and the RSDP: Linux looks for it itself */
	.long memory, 0
ranges:	.long 0, 0

module:	.long 0, 0
module_size:
	.long 0, 0, 0, 0, 0, 0

	.set most_ranges, 64
memory:	.fill 24 * most_ranges
	.org 4096
