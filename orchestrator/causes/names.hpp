// SPDX-License-Identifier: MIT
// Names what exits are about, by number: MSRs, CPUID leaves, hypercalls, registers of the local
// APIC, vectors, a PC's ports. Each function returns "" for an unknown number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lab::causes {

// Returns "TSC_DEADLINE", as Linux 6.12 names it (msr-index.h, kvm_para.h, hyperv-tlfs.h), without
// its prefix MSR_ or IA32_; Hyper-V's begin with "HV_", the x2APIC's with "x2APIC".
std::string msr_name(std::uint32_t index);

// Returns "cache parameters". Hypervisor leaves have KVM's names, though Hyper-V's leaves, which
// may be in their place, have other meanings.
std::string_view cpuid_leaf_name(std::uint32_t leaf);
inline constexpr std::string_view labs_own_leaf = "lab's own leaves";  // the name of each of them

// Returns KVM's name: "SEND_IPI".
std::string_view hypercall_name(std::uint32_t number);

// Returns "EOI", by the offset in the APIC's page (SDM 3A, table 11-1).
std::string_view apic_register_name(std::uint32_t offset);

// Returns what Linux uses the vector for, such as "local timer", the same from 5.10 to 6.12
// (irq_vectors.h). Vectors below 0xeb belong to devices, and each boot assigns them differently.
std::string_view vector_name(std::uint32_t vector);

// Returns "#PF" (SDM 3A, table 6-1).
std::string_view exception_name(std::uint32_t vector);

// Names a port that is the same in all PCs: "serial port".
std::string_view port_name(std::uint16_t port);

// Returns the usual name of a QEMU region: "PCI configuration address" for "pci-conf-idx". Returns
// QEMU's name where there is no better one.
std::string_view region_name(std::string_view qemu_name);

// A table of names by number, for this folder's .cpp files only.
struct Name {
  std::uint32_t number;
  std::string_view name;
};

// Returns "" where the number is not in the table, which must be sorted by number.
inline std::string_view find_name(std::span<const Name> table, std::uint32_t number) {
  const auto found = std::ranges::lower_bound(table, number, {}, &Name::number);
  return found != table.end() && found->number == number ? found->name : std::string_view();
}

}  // namespace lab::causes
