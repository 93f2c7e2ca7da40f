// SPDX-License-Identifier: GPL-2.0-or-later
//
// target/i386: Check the intercepts of CR3, CR4 and CR8 reads
//
// The decoder adds the register's number to the intercept of MOV from and to
// control registers where that is not 0. SVM_EXIT_READ_CR0 is 0, so every read of
// a control register is checked as one of CR0. A guest under shadow paging
// (npt=0) then reads the CR3 of its host's shadow page table, and dies.
//
// expect: target/i386/tcg/decode-new.c.inc 2 if (decode->e.has_intercept) {

@intercept@
symbol decode;
statement list body;
@@
 decode_op(...)
 {
 <...
-if (decode->e.intercept) {
+if (decode->e.has_intercept) {
 body
 }
 ...>
 }
