/* SPDX-License-Identifier: MIT */
/* The page that page/build made, in this library. */
	.section .rodata
	.globl lab_page_begin, lab_page_end
lab_page_begin:
	.incbin LAB_PAGE_FILE
lab_page_end:
	.section .note.GNU-stack, "", @progbits
