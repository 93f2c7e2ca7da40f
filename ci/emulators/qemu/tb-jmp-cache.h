/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jump cache of a vCPU: the translation block (TB) last executed at an address.
 *
 * Each TLB flush used to clear it, and every indirect jump then went through the
 * hash table of all TBs. Here a flush only raises the cache's generation.
 *
 * - An entry of this generation is trusted: one look at the entry, none at the TB.
 *   It holds for TBs with cs_base 0 and the flags that the vCPU uses usually.
 * - An older entry is a hint: the TB is taken if its flags are still right (those
 *   of an invalid TB never are) and @pc still translates to its physical pages.
 *
 * What makes an entry wrong raises the generation first:
 * - a change of what an address translates to, as that flushes a TLB
 *   (tcg_stale_jmp_cache), on the vCPU's own thread;
 * - the end of a TB, which is counted in tb_ctx.inval_count after it was marked
 *   CF_INVALID; the vCPU compares that count at each look-up.
 * A TB's memory is used again only after tb_flush(), which clears the cache while
 * no vCPU runs.
 */
#ifndef ACCEL_TCG_TB_JMP_CACHE_H
#define ACCEL_TCG_TB_JMP_CACHE_H

#include "qemu/rcu.h"
#include "exec/cpu-common.h"
#include "exec/exec-all.h"
#include "exec/tb-flush.h"
#include "exec/translation-block.h"
#include "internal-common.h"
#include "tb-context.h"

#define TB_JMP_CACHE_BITS 15
#define TB_JMP_CACHE_SIZE (1 << TB_JMP_CACHE_BITS)

typedef struct CPUJumpCacheEntry {
    vaddr pc;
    const void *code;       /* tb->tc.ptr */
    TranslationBlock *tb;
    uint32_t flags;
    uint32_t generation;    /* 0 if never to be trusted */
} CPUJumpCacheEntry;

typedef struct CPUJumpCache {
    struct rcu_head rcu;
    uint32_t generation;    /* never 0 once there is an entry */
    uint32_t cflags;        /* of all entries to be trusted */
    unsigned inval_count;   /* tb_ctx's, when last looked at */
    CPUJumpCacheEntry array[TB_JMP_CACHE_SIZE] __attribute__((aligned(32)));
} CPUJumpCache;

static inline CPUJumpCacheEntry *jmp_cache_entry(CPUJumpCache *jc, vaddr pc)
{
    return &jc->array[(pc ^ (pc >> TB_JMP_CACHE_BITS)) &
                      (TB_JMP_CACHE_SIZE - 1)];
}

/* What addresses translate to has changed: trust no entry without a look. */
static inline void tcg_stale_jmp_cache(CPUState *cpu)
{
    CPUJumpCache *jc = cpu->tb_jmp_cache;

    if (likely(jc) && unlikely(++jc->generation == 0)) {
        jc->generation = 1;
        tcg_flush_jmp_cache(cpu);
    }
}

static inline bool jmp_cache_trusts(CPUState *cpu, const CPUJumpCacheEntry *e,
                                    vaddr pc, uint64_t cs_base, uint32_t flags,
                                    uint32_t cflags)
{
    CPUJumpCache *jc = cpu->tb_jmp_cache;
    unsigned inval_count = qatomic_load_acquire(&tb_ctx.inval_count);

    if (unlikely(inval_count != jc->inval_count)) {
        jc->inval_count = inval_count;
        tcg_stale_jmp_cache(cpu);
    }
    return e->pc == pc && e->generation == jc->generation &&
           e->flags == flags && cs_base == 0 && cflags == jc->cflags;
}

static inline void jmp_cache_set(CPUState *cpu, TranslationBlock *tb, vaddr pc,
                                 uint64_t cs_base, uint32_t flags,
                                 uint32_t cflags)
{
    CPUJumpCache *jc = cpu->tb_jmp_cache;
    CPUJumpCacheEntry *e = jmp_cache_entry(jc, pc);

    if (unlikely(cflags != jc->cflags) && cflags == curr_cflags(cpu)) {
        jc->cflags = cflags;
        tcg_stale_jmp_cache(cpu);
    }
    e->pc = pc;
    e->code = tb->tc.ptr;
    e->tb = tb;
    e->flags = flags;
    e->generation = cs_base == 0 && cflags == jc->cflags ? jc->generation : 0;
}

/* Faults as a fetch of the instruction would. */
static inline bool jmp_cache_tb_is_at(CPUState *cpu, const TranslationBlock *tb,
                                      vaddr pc)
{
    CPUArchState *env = cpu_env(cpu);
    tb_page_addr_t page0 = get_page_addr_code(env, pc);

    return page0 != -1 && page0 == tb_page_addr0(tb) &&
           (likely(tb_page_addr1(tb) == -1) || tb_page_addr1(tb) ==
            get_page_addr_code(env, TARGET_PAGE_ALIGN(pc)));
}

static inline TranslationBlock *jmp_cache_lookup(CPUState *cpu, vaddr pc,
                                                 uint64_t cs_base,
                                                 uint32_t flags, uint32_t cflags)
{
    CPUJumpCacheEntry *e = jmp_cache_entry(cpu->tb_jmp_cache, pc);
    TranslationBlock *tb = e->tb;

    if (likely(jmp_cache_trusts(cpu, e, pc, cs_base, flags, cflags))) {
        return tb;
    }
    if (tb && e->pc == pc && tb->cs_base == cs_base && tb->flags == flags &&
        tb_cflags(tb) == cflags && jmp_cache_tb_is_at(cpu, tb, pc)) {
        jmp_cache_set(cpu, tb, pc, cs_base, flags, cflags);
        return tb;
    }
    return NULL;
}

/* The code at @pc, or NULL where jmp_cache_lookup() would have to look closer. */
static inline const void *jmp_cache_trusted_code(CPUState *cpu, vaddr pc,
                                                 uint64_t cs_base,
                                                 uint32_t flags, uint32_t cflags)
{
    CPUJumpCacheEntry *e = jmp_cache_entry(cpu->tb_jmp_cache, pc);

    return jmp_cache_trusts(cpu, e, pc, cs_base, flags, cflags) ? e->code : NULL;
}

#endif
