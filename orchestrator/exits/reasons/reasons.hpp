// SPDX-License-Identifier: MIT
// Lists the exit reasons of both vendors: numbers, names, categories.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lab::exits {

enum class Vendor { vmx, svm };
inline constexpr Vendor vendors[] = {Vendor::vmx, Vendor::svm};

// Every reason belongs to exactly one category.
enum class Category {
  io,          // port I/O
  page_fault,  // nested page fault and MMIO: EPT violation/misconfiguration, NPF
  msr,
  cr_access,
  dr_access,
  interrupt,         // external interrupt, NMI, SMI, INIT, SIPI
  interrupt_window,  // interrupt/NMI window, VINTR, IRET
  idle,              // HLT, MWAIT, PAUSE, UMWAIT and their kin
  cpuid,
  exception,
  hypercall,
  tlb,          // INVLPG, INVPCID, INVLPGB, TLBSYNC
  timer,        // preemption timer, RDTSC(P), RDPMC
  apic,         // APIC access/write, EOI, TPR, AVIC
  descriptor,   // GDTR, IDTR, LDTR, TR, task switch
  nested,       // the guest's own virtualization instructions
  instruction,  // other intercepted instructions (WBINVD, XSETBV, RDRAND, ...)
  failure,      // failed VM entry, triple fault, shutdown
  other
};

// The categories' words, in the order of the enumeration.
inline constexpr std::string_view category_words[] = {
    "io",
    "page_fault",
    "msr",
    "cr_access",
    "dr_access",
    "interrupt",
    "interrupt_window",
    "idle",
    "cpuid",
    "exception",
    "hypercall",
    "tlb",
    "timer",
    "apic",
    "descriptor",
    "nested",
    "instruction",
    "failure",
    "other",
};
static_assert(std::size(category_words) == std::size_t(Category::other) + 1);

struct Reason {
  std::uint32_t number;
  std::string_view name;         // "EPT_VIOLATION", "NPF", "EXCP_PF": ours, upper case
  std::string_view kernel_name;  // in the kvm_exit tracepoint: "npf", "PF excp"; "" = none
  Category category;
};

// Return the reasons sorted by number, EXIT_NUMBER_OTHER ("OTHER") among them.
std::span<const Reason> vmx_reasons();
std::span<const Reason> svm_reasons();
std::span<const Reason> reasons(Vendor vendor);

// Returns null where the number is in no table.
const Reason* find_reason(Vendor vendor, std::uint32_t number);

// Returns the name, or "UNKNOWN_<decimal>"; a failed VMX entry's is "INVALID_STATE|FAILED_VMENTRY".
std::string reason_name(Vendor vendor, std::uint32_t number);
Category reason_category(Vendor vendor, std::uint32_t number);

// Finds a reason by name (any case), the kernel's name, or a decimal or 0x-hexadecimal number;
// returns nullopt where it is unknown.
std::optional<std::uint32_t> parse_reason(Vendor vendor, std::string_view text);

// Returns whether the text is "total", or a reason's name or number of either vendor.
bool names_reason(std::string_view text);
std::vector<std::string_view> reason_words();  // "total", then both vendors' names

// Returns the number of the CPUID exit, which reading a leaf causes: 10 or 0x72.
std::uint32_t cpuid_number(Vendor vendor);

std::string_view to_string(Vendor vendor);      // "vmx", "svm"
std::string_view to_string(Category category);  // one of category_words
std::optional<Category> parse_category(std::string_view word);
std::optional<Vendor> parse_vendor(
    std::string_view text);  // also "GenuineIntel", "AuthenticAMD", "HygonGenuine"

}  // namespace lab::exits
