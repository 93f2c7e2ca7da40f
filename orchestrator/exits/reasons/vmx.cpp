// SPDX-License-Identifier: MIT
// Lists the VMX basic exit reasons (Intel SDM vol. 3, appendix C). Names are those of the kernel's
// <asm/vmx.h>; numbers that it lacks have the instruction's name.
#include "kvm-patch/exit_leaves.h"
#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::exits {
namespace {

// clang-format off
constexpr Reason vmx_table[] = {
    // number, name, kernel's name, category
    {0, "EXCEPTION_NMI", "EXCEPTION_NMI", Category::exception},
    {1, "EXTERNAL_INTERRUPT", "EXTERNAL_INTERRUPT", Category::interrupt},
    {2, "TRIPLE_FAULT", "TRIPLE_FAULT", Category::failure},
    {3, "INIT_SIGNAL", "INIT_SIGNAL", Category::interrupt},
    {4, "SIPI_SIGNAL", "SIPI_SIGNAL", Category::interrupt},
    {5, "IO_SMI", "", Category::interrupt},
    {6, "OTHER_SMI", "", Category::interrupt},
    {7, "INTERRUPT_WINDOW", "INTERRUPT_WINDOW", Category::interrupt_window},
    {8, "NMI_WINDOW", "NMI_WINDOW", Category::interrupt_window},
    {9, "TASK_SWITCH", "TASK_SWITCH", Category::descriptor},
    {10, "CPUID", "CPUID", Category::cpuid},
    {11, "GETSEC", "", Category::instruction},
    {12, "HLT", "HLT", Category::idle},
    {13, "INVD", "INVD", Category::instruction},
    {14, "INVLPG", "INVLPG", Category::tlb},
    {15, "RDPMC", "RDPMC", Category::timer},
    {16, "RDTSC", "RDTSC", Category::timer},
    {17, "RSM", "", Category::instruction},
    {18, "VMCALL", "VMCALL", Category::hypercall},
    {19, "VMCLEAR", "VMCLEAR", Category::nested},
    {20, "VMLAUNCH", "VMLAUNCH", Category::nested},
    {21, "VMPTRLD", "VMPTRLD", Category::nested},
    {22, "VMPTRST", "VMPTRST", Category::nested},
    {23, "VMREAD", "VMREAD", Category::nested},
    {24, "VMRESUME", "VMRESUME", Category::nested},
    {25, "VMWRITE", "VMWRITE", Category::nested},
    {26, "VMOFF", "VMOFF", Category::nested},
    {27, "VMON", "VMON", Category::nested},
    {28, "CR_ACCESS", "CR_ACCESS", Category::cr_access},
    {29, "DR_ACCESS", "DR_ACCESS", Category::dr_access},
    {30, "IO_INSTRUCTION", "IO_INSTRUCTION", Category::io},
    {31, "MSR_READ", "MSR_READ", Category::msr},
    {32, "MSR_WRITE", "MSR_WRITE", Category::msr},
    {33, "INVALID_STATE", "INVALID_STATE", Category::failure},
    {34, "MSR_LOAD_FAIL", "MSR_LOAD_FAIL", Category::failure},
    {36, "MWAIT_INSTRUCTION", "MWAIT_INSTRUCTION", Category::idle},
    {37, "MONITOR_TRAP_FLAG", "MONITOR_TRAP_FLAG", Category::instruction},
    {39, "MONITOR_INSTRUCTION", "MONITOR_INSTRUCTION", Category::idle},
    {40, "PAUSE_INSTRUCTION", "PAUSE_INSTRUCTION", Category::idle},
    {41, "MCE_DURING_VMENTRY", "MCE_DURING_VMENTRY", Category::failure},
    {43, "TPR_BELOW_THRESHOLD", "TPR_BELOW_THRESHOLD", Category::apic},
    {44, "APIC_ACCESS", "APIC_ACCESS", Category::apic},
    {45, "EOI_INDUCED", "EOI_INDUCED", Category::apic},
    {46, "GDTR_IDTR", "GDTR_IDTR", Category::descriptor},
    {47, "LDTR_TR", "LDTR_TR", Category::descriptor},
    {48, "EPT_VIOLATION", "EPT_VIOLATION", Category::page_fault},
    {49, "EPT_MISCONFIG", "EPT_MISCONFIG", Category::page_fault},
    {50, "INVEPT", "INVEPT", Category::nested},
    {51, "RDTSCP", "RDTSCP", Category::timer},
    {52, "PREEMPTION_TIMER", "PREEMPTION_TIMER", Category::timer},
    {53, "INVVPID", "INVVPID", Category::nested},
    {54, "WBINVD", "WBINVD", Category::instruction},
    {55, "XSETBV", "XSETBV", Category::instruction},
    {56, "APIC_WRITE", "APIC_WRITE", Category::apic},
    {57, "RDRAND", "RDRAND", Category::instruction},
    {58, "INVPCID", "INVPCID", Category::tlb},
    {59, "VMFUNC", "VMFUNC", Category::nested},
    {60, "ENCLS", "ENCLS", Category::instruction},
    {61, "RDSEED", "RDSEED", Category::instruction},
    {62, "PML_FULL", "PML_FULL", Category::page_fault},
    {63, "XSAVES", "XSAVES", Category::instruction},
    {64, "XRSTORS", "XRSTORS", Category::instruction},
    {65, "PCONFIG", "", Category::instruction},
    {66, "SPP_EVENT", "", Category::page_fault},
    {67, "UMWAIT", "UMWAIT", Category::idle},
    {68, "TPAUSE", "TPAUSE", Category::idle},
    {69, "LOADIWKEY", "", Category::instruction},
    {70, "ENCLV", "", Category::instruction},
    {72, "ENQCMD_PASID", "", Category::instruction},
    {73, "ENQCMDS_PASID", "", Category::instruction},
    {74, "BUS_LOCK", "BUS_LOCK", Category::instruction},
    {75, "NOTIFY", "NOTIFY", Category::timer},
    {76, "SEAMCALL", "", Category::nested},
    {77, "TDCALL", "", Category::nested},
    {78, "RDMSRLIST", "", Category::msr},
    {79, "WRMSRLIST", "", Category::msr},
    {80, "URDMSR", "", Category::msr},
    {81, "UWRMSR", "", Category::msr},
    {84, "MSR_READ_IMM", "", Category::msr},
    {85, "MSR_WRITE_IMM", "", Category::msr},
    {EXIT_NUMBER_OTHER, "OTHER", "", Category::other},
};
// clang-format on

}  // namespace

std::span<const Reason> vmx_reasons() {
  return vmx_table;
}

}  // namespace lab::exits
