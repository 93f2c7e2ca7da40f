/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps an SVM guest's translations beside its host's.
 *
 * VMRUN and #VMEXIT change CR0, CR3, CR4 and EFER, and used to flush the whole
 * TLB each time. A processor tags translations with an ASID instead. So while
 * HF_GUEST_MASK is set, virtual addresses are looked up in TLBs of their own:
 * those of the ASID that ran last on this vCPU.
 *
 * Which flush protects what:
 * - Each world's own changes of CR0, CR3 and CR4 flush that world's translations
 *   (svm_flush_world), as they always did.
 * - VMRUN flushes the guest's and the nested ones where TLB_CONTROL says so, and
 *   where they are not of this ASID, nested CR3 and nested paging mode; it flushes
 *   the guest's where the registers they depend on are not as the guest left them
 *   (svm_enter_guest). A VMRUN that failed leaves nothing known, so the next flushes.
 * - INVLPG in the guest flushes the guest's page. In the host, INVLPG and INVLPGA
 *   flush it in both worlds, as only one ASID's guest has translations.
 * - Physical addresses (MMU_PHYS_IDX) and nested ones do not depend on a world's
 *   registers. Both depend on SMM, which therefore flushes everything.
 */
#ifndef I386_SVM_GUEST_TLB_H
#define I386_SVM_GUEST_TLB_H

#include "exec/cputlb.h"

#define MMU_GUEST_FLAG  8   /* added to the host's index, 0 to 5 */
#define MMU_HOST_BITS   0x003f
#define MMU_GUEST_BITS  (MMU_HOST_BITS << MMU_GUEST_FLAG)
#define MMU_NESTED_BIT  (1 << MMU_NESTED_IDX)

/* AMD's manual, volume 2, appendix B and 15.16.1. Any flush may flush more. */
#define SVM_VMCB_TLB_CONTROL 0x5c
#define SVM_TLB_NOTHING 0
#define SVM_TLB_ALL     1

static inline int svm_mmu_index(CPUX86State *env, int index)
{
    return index + (env->hflags & HF_GUEST_MASK ? MMU_GUEST_FLAG : 0);
}

static inline int svm_host_mmu_index(int index)
{
    return index & ~MMU_GUEST_FLAG;
}

/* Flushes what the current world can see stale after a change of its registers. */
static inline void svm_flush_world(CPUX86State *env)
{
    if (!env->svm_tlb.switching) {
        tlb_flush_by_mmuidx(env_cpu(env), env->hflags & HF_GUEST_MASK ?
                            MMU_GUEST_BITS : MMU_HOST_BITS);
    }
}

static inline void svm_flush_page(CPUX86State *env, target_ulong addr)
{
    tlb_flush_page_by_mmuidx(env_cpu(env), addr, env->hflags & HF_GUEST_MASK ?
                             MMU_GUEST_BITS : MMU_GUEST_BITS | MMU_HOST_BITS);
}

static inline uint64_t svm_tlb_mode(CPUX86State *env)
{
    uint64_t cr0 = env->cr[0] & (CR0_PG_MASK | CR0_WP_MASK | CR0_PE_MASK);
    uint64_t cr4 = env->cr[4] & (CR4_PGE_MASK | CR4_PAE_MASK | CR4_PSE_MASK |
                                 CR4_SMEP_MASK | CR4_SMAP_MASK |
                                 CR4_LA57_MASK | CR4_PKE_MASK | CR4_PKS_MASK);
    uint64_t efer = env->efer & (MSR_EFER_LME | MSR_EFER_LMA | MSR_EFER_NXE);

    /* The masks' bits end at CR4's 24; CR0's and EFER's find room above. */
    return cr4 | cr0 << 32 | efer << 25;
}

/* VMRUN begins to load the guest's registers, or #VMEXIT the host's. */
static inline void svm_begin_switch(CPUX86State *env)
{
    env->svm_tlb.switching = true;
}

/* VMRUN has loaded the guest's registers. */
static inline void svm_enter_guest(CPUX86State *env, uint32_t asid,
                                   uint8_t tlb_control)
{
    bool npt = env->hflags2 & HF2_NPT_MASK;
    uint64_t nested_cr3 = npt ? env->nested_cr3 : 0;
    uint16_t stale = 0;

    if (tlb_control != SVM_TLB_NOTHING || asid != env->svm_tlb.asid ||
        npt != env->svm_tlb.npt || nested_cr3 != env->svm_tlb.nested_cr3 ||
        env->nested_pg_mode != env->svm_tlb.nested_pg_mode) {
        stale = MMU_GUEST_BITS | MMU_NESTED_BIT;
        if (tlb_control == SVM_TLB_ALL) {
            stale |= MMU_HOST_BITS;
        }
    } else if (env->cr[3] != env->svm_tlb.cr3 ||
               svm_tlb_mode(env) != env->svm_tlb.mode) {
        stale = MMU_GUEST_BITS;
    }
    env->svm_tlb.asid = asid;
    env->svm_tlb.npt = npt;
    env->svm_tlb.nested_cr3 = nested_cr3;
    env->svm_tlb.nested_pg_mode = env->nested_pg_mode;
    env->svm_tlb.running = true;
    env->svm_tlb.switching = false;
    if (stale) {
        tlb_flush_by_mmuidx(env_cpu(env), stale);
    }
}

/* #VMEXIT: the guest's registers are still there. */
static inline void svm_leave_guest(CPUX86State *env)
{
    env->svm_tlb.cr3 = env->cr[3];
    env->svm_tlb.mode = svm_tlb_mode(env);
    if (!env->svm_tlb.running) {
        env->svm_tlb.asid = 0;  /* VMRUN failed, and no guest has ASID 0 */
    }
    env->svm_tlb.running = false;
    svm_begin_switch(env);
}

static inline void svm_end_switch(CPUX86State *env)
{
    env->svm_tlb.switching = false;
}

#endif
