// SPDX-License-Identifier: GPL-2.0-or-later
//
// accel/tcg: Keep the jump cache over TLB flushes
//
// See tb-jmp-cache.h for when an entry is trusted, and what makes it a hint.
//
// replace: accel/tcg/tb-jmp-cache.h 0680b204db5aae8316fd364eea2effd6935a5cdd5065a486e9298b4138d8e129
// line: accel/tcg/tb-context.h ==> unsigned tb_flush_count; ==> unsigned inval_count; /* of TBs marked CF_INVALID */
// expect: accel/tcg/cpu-exec.c 1 tb = jmp_cache_lookup(cpu, pc, cs_base, flags, cflags);
// expect: accel/tcg/cpu-exec.c 2 jmp_cache_set(cpu, tb, pc, cs_base, flags, cflags);
// expect: accel/tcg/cpu-exec.c 1 jmp_cache_trusted_code(cpu, pc, cs_base, flags, cflags);
// expect: accel/tcg/cpu-exec.c 0 jc->
// expect: accel/tcg/cputlb.c 5 tcg_stale_jmp_cache(cpu);
// expect: accel/tcg/cputlb.c 0 tb_jmp_cache_clear_page
// expect: accel/tcg/tb-maint.c 1 qatomic_inc(&tb_ctx.inval_count);
// expect: accel/tcg/tb-maint.c 0 tb_jmp_cache_inval_tb
// expect: accel/tcg/translate-all.c 1 jc->array[i].generation = 0;

@lookup@
identifier hash, jc;
symbol tb, cpu, pc, cs_base, flags, cflags, hit;
statement found;
@@
 tb_lookup(...)
 {
 ...
-CPUJumpCache *jc;
-uint32_t hash;
 ...
-hash = tb_jmp_cache_hash_func(pc);
-jc = cpu->tb_jmp_cache;
-tb = qatomic_read(&jc->array[hash].tb);
-found
+tb = jmp_cache_lookup(cpu, pc, cs_base, flags, cflags);
+if (likely(tb)) {
+    goto hit;
+}
 tb = tb_htable_lookup(...);
 ...
-jc->array[hash].pc = pc;
-qatomic_set(&jc->array[hash].tb, tb);
+jmp_cache_set(cpu, tb, pc, cs_base, flags, cflags);
 ...
 }

@generated@
identifier h, jc;
symbol tb, cpu, pc, cs_base, flags, cflags;
@@
-CPUJumpCache *jc;
-uint32_t h;
 mmap_lock();
 tb = tb_gen_code(...);
 mmap_unlock();
-h = tb_jmp_cache_hash_func(pc);
-jc = cpu->tb_jmp_cache;
-jc->array[h].pc = pc;
-qatomic_set(&jc->array[h].tb, tb);
+jmp_cache_set(cpu, tb, pc, cs_base, flags, cflags);

@trusted@
symbol tb, cpu, pc, cs_base, flags, cflags, tcg_code_gen_epilogue;
@@
+const void *code = jmp_cache_trusted_code(cpu, pc, cs_base, flags, cflags);
+if (likely(code) && likely(!qemu_loglevel_mask(CPU_LOG_TB_CPU | CPU_LOG_EXEC))) {
+    return code;
+}
 tb = tb_lookup(cpu, pc, cs_base, flags, cflags);
 if (tb == NULL) {
     return tcg_code_gen_epilogue;
 }

@flush@
@@
 tlb_flush_by_mmuidx_async_work(...)
 {
 <...
-tcg_flush_jmp_cache(cpu);
+tcg_stale_jmp_cache(cpu);
 ...>
 }

@flush_range@
@@
 tlb_flush_range_by_mmuidx_async_0(...)
 {
 <...
-tcg_flush_jmp_cache(cpu);
+tcg_stale_jmp_cache(cpu);
 ...>
 }

@no_clear_page@
@@
-static void tb_jmp_cache_clear_page(...) { ... }

@page@
@@
-tb_jmp_cache_clear_page(...);
+tcg_stale_jmp_cache(cpu);

@no_inval_tb@
@@
-static void tb_jmp_cache_inval_tb(...) { ... }

@invalidated@
symbol tb;
@@
 do_tb_phys_invalidate(...)
 {
 ...
 qatomic_set(&tb->cflags, tb->cflags | CF_INVALID);
+qatomic_inc(&tb_ctx.inval_count);
 <...
-tb_jmp_cache_inval_tb(...);
 ...>
 }

@clear@
symbol jc, i;
@@
 qatomic_set(&jc->array[i].tb, NULL);
+jc->array[i].generation = 0;
