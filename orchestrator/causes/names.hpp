// SPDX-License-Identifier: MIT
// Names of what exits are about, by number: MSRs, CPUID leaves, hypercalls, registers of the local
// APIC, vectors, a PC's ports. Each function returns "" for what it does not know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lab::causes {

// "TSC_DEADLINE", as Linux 6.12 names it (msr-index.h, kvm_para.h, hyperv-tlfs.h), without its
// prefix MSR_ or IA32_; Hyper-V's begin with "HV_". The x2APIC's: "x2APIC EOI".
std::string msr_name(std::uint32_t index);

// "cache parameters". Those of hypervisors are KVM's: where Hyper-V's are in their place, its
// meaning is another.
std::string_view cpuid_leaf_name(std::uint32_t leaf);
inline constexpr std::string_view labs_own_leaf = "lab's own leaves";  // the name of each of them

// KVM's: "SEND_IPI".
std::string_view hypercall_name(std::uint32_t number);

// By its offset in the APIC's page, "EOI" (SDM 3A, table 11-1).
std::string_view apic_register_name(std::uint32_t offset);

// "local timer": what Linux uses it for, the same from 5.10 to 6.12 (irq_vectors.h). Vectors below
// 0xeb belong to devices, each boot in its own way.
std::string_view vector_name(std::uint32_t vector);

// "#PF" (SDM 3A, table 6-1).
std::string_view exception_name(std::uint32_t vector);

// Of a PC's ports that are the same in all of them, "serial port".
std::string_view port_name(std::uint16_t port);

// What people call a region of QEMU's: "PCI configuration address" for "pci-conf-idx". Its own name
// where there is no better one.
std::string_view region_name(std::string_view qemu_name);

}  // namespace lab::causes
