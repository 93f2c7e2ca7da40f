// SPDX-License-Identifier: MIT
// VMX basic exit reasons: Intel SDM vol. 3, appendix C; names as in the kernel's <asm/vmx.h>,
// for the numbers that it lacks the instruction's. 35, 38, 42 and 71 are not defined.
#include "kvm-patch/exit_leaves.h"
#include "orchestrator/exits/reason_tables.hpp"

namespace lab::exits {
namespace {

// clang-format off
constexpr Reason table[] = {
    // number, name, kernel's name, category, defined by the manual
    {0, "EXCEPTION_NMI", "EXCEPTION_NMI", Category::exception, true},
    {1, "EXTERNAL_INTERRUPT", "EXTERNAL_INTERRUPT", Category::interrupt, true},
    {2, "TRIPLE_FAULT", "TRIPLE_FAULT", Category::failure, true},
    {3, "INIT_SIGNAL", "INIT_SIGNAL", Category::interrupt, true},
    {4, "SIPI_SIGNAL", "SIPI_SIGNAL", Category::interrupt, true},
    {5, "IO_SMI", "", Category::interrupt, true},
    {6, "OTHER_SMI", "", Category::interrupt, true},
    {7, "INTERRUPT_WINDOW", "INTERRUPT_WINDOW", Category::interrupt_window, true},
    {8, "NMI_WINDOW", "NMI_WINDOW", Category::interrupt_window, true},
    {9, "TASK_SWITCH", "TASK_SWITCH", Category::descriptor, true},
    {10, "CPUID", "CPUID", Category::cpuid, true},
    {11, "GETSEC", "", Category::instruction, true},
    {12, "HLT", "HLT", Category::idle, true},
    {13, "INVD", "INVD", Category::instruction, true},
    {14, "INVLPG", "INVLPG", Category::tlb, true},
    {15, "RDPMC", "RDPMC", Category::timer, true},
    {16, "RDTSC", "RDTSC", Category::timer, true},
    {17, "RSM", "", Category::instruction, true},
    {18, "VMCALL", "VMCALL", Category::hypercall, true},
    {19, "VMCLEAR", "VMCLEAR", Category::nested, true},
    {20, "VMLAUNCH", "VMLAUNCH", Category::nested, true},
    {21, "VMPTRLD", "VMPTRLD", Category::nested, true},
    {22, "VMPTRST", "VMPTRST", Category::nested, true},
    {23, "VMREAD", "VMREAD", Category::nested, true},
    {24, "VMRESUME", "VMRESUME", Category::nested, true},
    {25, "VMWRITE", "VMWRITE", Category::nested, true},
    {26, "VMOFF", "VMOFF", Category::nested, true},
    {27, "VMON", "VMON", Category::nested, true},
    {28, "CR_ACCESS", "CR_ACCESS", Category::cr_access, true},
    {29, "DR_ACCESS", "DR_ACCESS", Category::dr_access, true},
    {30, "IO_INSTRUCTION", "IO_INSTRUCTION", Category::io, true},
    {31, "MSR_READ", "MSR_READ", Category::msr, true},
    {32, "MSR_WRITE", "MSR_WRITE", Category::msr, true},
    {33, "INVALID_STATE", "INVALID_STATE", Category::failure, true},
    {34, "MSR_LOAD_FAIL", "MSR_LOAD_FAIL", Category::failure, true},
    {36, "MWAIT_INSTRUCTION", "MWAIT_INSTRUCTION", Category::idle, true},
    {37, "MONITOR_TRAP_FLAG", "MONITOR_TRAP_FLAG", Category::instruction, true},
    {39, "MONITOR_INSTRUCTION", "MONITOR_INSTRUCTION", Category::idle, true},
    {40, "PAUSE_INSTRUCTION", "PAUSE_INSTRUCTION", Category::idle, true},
    {41, "MCE_DURING_VMENTRY", "MCE_DURING_VMENTRY", Category::failure, true},
    {43, "TPR_BELOW_THRESHOLD", "TPR_BELOW_THRESHOLD", Category::apic, true},
    {44, "APIC_ACCESS", "APIC_ACCESS", Category::apic, true},
    {45, "EOI_INDUCED", "EOI_INDUCED", Category::apic, true},
    {46, "GDTR_IDTR", "GDTR_IDTR", Category::descriptor, true},
    {47, "LDTR_TR", "LDTR_TR", Category::descriptor, true},
    {48, "EPT_VIOLATION", "EPT_VIOLATION", Category::page_fault, true},
    {49, "EPT_MISCONFIG", "EPT_MISCONFIG", Category::page_fault, true},
    {50, "INVEPT", "INVEPT", Category::nested, true},
    {51, "RDTSCP", "RDTSCP", Category::timer, true},
    {52, "PREEMPTION_TIMER", "PREEMPTION_TIMER", Category::timer, true},
    {53, "INVVPID", "INVVPID", Category::nested, true},
    {54, "WBINVD", "WBINVD", Category::instruction, true},
    {55, "XSETBV", "XSETBV", Category::instruction, true},
    {56, "APIC_WRITE", "APIC_WRITE", Category::apic, true},
    {57, "RDRAND", "RDRAND", Category::instruction, true},
    {58, "INVPCID", "INVPCID", Category::tlb, true},
    {59, "VMFUNC", "VMFUNC", Category::nested, true},
    {60, "ENCLS", "ENCLS", Category::instruction, true},
    {61, "RDSEED", "RDSEED", Category::instruction, true},
    {62, "PML_FULL", "PML_FULL", Category::page_fault, true},
    {63, "XSAVES", "XSAVES", Category::instruction, true},
    {64, "XRSTORS", "XRSTORS", Category::instruction, true},
    {65, "PCONFIG", "", Category::instruction, true},
    {66, "SPP_EVENT", "", Category::page_fault, true},
    {67, "UMWAIT", "UMWAIT", Category::idle, true},
    {68, "TPAUSE", "TPAUSE", Category::idle, true},
    {69, "LOADIWKEY", "", Category::instruction, true},
    {70, "ENCLV", "", Category::instruction, true},
    {72, "ENQCMD_PASID", "", Category::instruction, true},
    {73, "ENQCMDS_PASID", "", Category::instruction, true},
    {74, "BUS_LOCK", "BUS_LOCK", Category::instruction, true},
    {75, "NOTIFY", "NOTIFY", Category::timer, true},
    {76, "SEAMCALL", "", Category::nested, true},
    {77, "TDCALL", "", Category::nested, true},
    {78, "MSR_READ_LIST", "", Category::msr, true},
    {79, "MSR_WRITE_LIST", "", Category::msr, true},
    {EXIT_NUMBER_OTHER, "OTHER", "", Category::other, true},
};
// clang-format on

}  // namespace

std::span<const Reason> vmx_reasons() {
  return table;
}

}  // namespace lab::exits
