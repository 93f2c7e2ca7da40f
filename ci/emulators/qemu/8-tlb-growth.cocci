// SPDX-License-Identifier: GPL-2.0-or-later
//
// accel/tcg: Let a TLB grow that is hardly ever flushed
//
// A TLB is resized when it is flushed. Those of physical and of nested addresses,
// which page table walks use, are hardly ever flushed any more: they would stay at
// 256 entries. Here they grow when three quarters are in use, up to 4,096.
//
// line: accel/tcg/cputlb.c ==> #define ALL_MMUIDX_BITS ((1 << NB_MMU_MODES) - 1) ==> #define SELDOM_FLUSHED_BITS 0xc0 /* x86: MMU_PHYS_IDX, MMU_NESTED_IDX */
// expect: accel/tcg/cputlb.c 1 (SELDOM_FLUSHED_BITS & (1 << mmu_idx)) &&

@grow@
symbol tlb, cpu, mmu_idx, addr_page, index, te, desc;
@@
 tlb_set_page_full(...)
 {
 <...
 tlb->c.dirty |= 1 << mmu_idx;
+if ((SELDOM_FLUSHED_BITS & (1 << mmu_idx)) &&
+    desc->n_used_entries * 4 > tlb_n_entries(&tlb->f[mmu_idx]) * 3 &&
+    tlb_n_entries(&tlb->f[mmu_idx]) < 4096) {
+    tlb_flush_one_mmuidx_locked(cpu, mmu_idx, get_clock_realtime());
+    index = tlb_index(cpu, mmu_idx, addr_page);
+    te = tlb_entry(cpu, mmu_idx, addr_page);
+}
 ...>
 }
