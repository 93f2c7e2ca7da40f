/* SPDX-License-Identifier: MIT */
/* What the guests' code (payload.S) and the host agree on. Read by the assembler, too. */
#ifndef VMM_PAYLOAD_H
#define VMM_PAYLOAD_H

#define VMM_PORT_DONE 0xe9
#define VMM_PORT_EVENT 0xea /* an eventfd may listen there */
#define VMM_PORT_OTHER_EVENT 0xeb
#define VMM_CAUSES_LEAF 4 /* which has subleaves */
#define VMM_CAUSES_SUBLEAF 1
#define VMM_VECTOR 0x40 /* of the usual interrupt */
#define VMM_VECTOR_LINGERING 0x41

/* SDM vol. 3, 2.5. */
#define VMM_CR0_MP 0x2
#define VMM_CR4_PSE 0x10

#define VMM_QUERY_IN 0
#define VMM_QUERY_OUT 32
#define VMM_QUERY_BYTES 64

/* AMD APM vol. 2 (24593): appendix A (MSRs), B (VMCB), C (exit codes). */
#define VMM_MSR_EFER 0xc0000080
#define VMM_EFER_SVME 0x1000
#define VMM_MSR_VM_HSAVE_PA 0xc0010117
#define VMM_VMCB_EXIT_CODE 0x70
#define VMM_VMCB_RIP 0x578
#define VMM_EXIT_CPUID 0x72
#define VMM_EXIT_HLT 0x78
#define VMM_EXIT_VMRUN 0x80

/* SDM vol. 3, 10.12 (x2APIC) and table 10-1; APM vol. 2, 16.9 has the same. */
#define VMM_MSR_APIC_BASE 0x1b
#define VMM_X2APIC_ENABLED 0xc00
#define VMM_MSR_X2APIC_VERSION 0x803
#define VMM_MSR_X2APIC_EOI 0x80b
#define VMM_MSR_X2APIC_SVR 0x80f
#define VMM_MSR_X2APIC_ICR 0x830
#define VMM_ICR_ASSERT 0x4000
#define VMM_ICR_SELF 0x40000
/* SDM vol. 3, 10.4.1. */
#define VMM_APIC_PAGE 0xfee00000
#define VMM_APIC_VERSION 0x30
#define VMM_APIC_EOI 0xb0
#define VMM_APIC_ESR 0x280

#ifndef __ASSEMBLER__
extern "C" {
extern const unsigned char vmm_payload[], vmm_payload_end[];
extern const unsigned char vmm_list[], vmm_repeat[], vmm_nested[], vmm_nested_guest[];
extern const unsigned char vmm_vmcall[], vmm_vmmcall[], vmm_port[], vmm_msr[], vmm_cr4[];
extern const unsigned char vmm_hlt[], vmm_ipi[], vmm_answer[], vmm_interrupt[];
extern const unsigned char vmm_once[], vmm_priority[], vmm_lingering[];
extern const unsigned char vmm_causes[], vmm_causes_port[], vmm_causes_other_port[];
extern const unsigned char vmm_causes_leaf[], vmm_causes_msr[], vmm_causes_done[];
extern const unsigned char vmm_any_mode[];
extern const unsigned char vmm_registers[], vmm_registers_cr4[], vmm_registers_to_dr[];
extern const unsigned char vmm_registers_from_dr[], vmm_registers_done[];
extern const unsigned char vmm_lmsw[], vmm_lmsw_write[], vmm_lmsw_done[];
extern const unsigned char vmm_apic[], vmm_apic_version[], vmm_apic_esr[], vmm_apic_eoi[];
extern const unsigned char vmm_apic_done[], vmm_x2apic[], vmm_x2apic_version[], vmm_x2apic_eoi[];
extern const unsigned char vmm_x2apic_done[];
}
#endif

#endif
