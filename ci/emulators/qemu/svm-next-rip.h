/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saves the next instruction's address at #VMEXIT in VMCB.nRIP (AMD's manual,
 * volume 2, 15.7.1 and appendix B). The lengths of a guest's instructions are kept
 * with their places in the TB: in the word of cc_op, which takes the low 8 bits.
 */
#ifndef I386_SVM_NEXT_RIP_H
#define I386_SVM_NEXT_RIP_H

#define SVM_CC_OP_MASK    0xff
#define SVM_LENGTH_SHIFT  8
#define SVM_VMCB_NEXT_RIP 0xc8

/* Notes a length; for the translator, when the instruction is translated in full. */
#define svm_note_length(insn_start, is_guest, length)                          \
    do {                                                                       \
        if (is_guest) {                                                        \
            uint64_t word = tcg_get_insn_start_param(insn_start, 1);           \
            tcg_set_insn_start_param(insn_start, 1, (word & SVM_CC_OP_MASK) |  \
                                     (uint64_t)(length) << SVM_LENGTH_SHIFT);  \
        }                                                                      \
    } while (0)

/* Is true where the exit is an intercepted instruction's, which has a next one. */
static inline bool svm_exit_of_instruction(uint64_t exit_code)
{
    switch (exit_code) {
    case SVM_EXIT_READ_CR0 ... SVM_EXIT_WRITE_DR7 + 8:
    case SVM_EXIT_CR0_SEL_WRITE ... SVM_EXIT_MSR:
    case SVM_EXIT_VMRUN ... SVM_EXIT_XSETBV:
        return true;
    default:
        return false;
    }
}

/* Requires cpu_restore_state() before: eip and the length are the instruction's. */
static inline void svm_save_next_rip(CPUX86State *env, uint64_t exit_code)
{
    if (env->features[FEAT_SVM] & CPUID_SVM_NRIPSAVE) {
        x86_stq_phys(env_cpu(env), env->vm_vmcb + SVM_VMCB_NEXT_RIP,
                     svm_exit_of_instruction(exit_code) ?
                     env->eip + env->svm_insn_len : 0);
    }
}

/* Returns the address that an injected software interrupt or exception returns to. */
static inline uint64_t svm_injected_next_rip(CPUX86State *env)
{
    uint64_t next_rip = 0;

    if (env->features[FEAT_SVM] & CPUID_SVM_NRIPSAVE) {
        next_rip = x86_ldq_phys(env_cpu(env), env->vm_vmcb + SVM_VMCB_NEXT_RIP);
    }
    return next_rip ? next_rip : env->eip;
}

#endif
