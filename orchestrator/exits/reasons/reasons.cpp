// SPDX-License-Identifier: MIT
#include "orchestrator/exits/reasons/reasons.hpp"

#include <algorithm>

#include "orchestrator/base/text.hpp"
#include "orchestrator/exits/reasons/tables.hpp"

namespace lab::exits {
namespace {

// VMX sets flags above the 16-bit basic reason; this one says that the entry itself failed.
constexpr std::uint32_t vmx_failed_entry = 0x80000000u;

bool same_word(std::string_view a, std::string_view b) {
  return base::lower(a) == base::lower(b);
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  return base::parse_number<std::uint32_t>(text, hex ? 16 : 10);
}

}  // namespace

std::span<const Reason> reasons(Vendor vendor) {
  return vendor == Vendor::vmx ? vmx_reasons() : svm_reasons();
}

const Reason* find_reason(Vendor vendor, std::uint32_t number) {
  const auto table = reasons(vendor);
  const auto found = std::ranges::lower_bound(table, number, {}, &Reason::number);
  return found != table.end() && found->number == number ? &*found : nullptr;
}

std::string reason_name(Vendor vendor, std::uint32_t number) {
  if (const Reason* reason = find_reason(vendor, number)) return std::string(reason->name);
  if (vendor == Vendor::vmx && (number & vmx_failed_entry)) {
    return reason_name(vendor, number & ~vmx_failed_entry) + "|FAILED_VMENTRY";
  }
  return "UNKNOWN_" + std::to_string(number);
}

Category reason_category(Vendor vendor, std::uint32_t number) {
  if (const Reason* reason = find_reason(vendor, number)) return reason->category;
  const bool failed = vendor == Vendor::vmx && (number & vmx_failed_entry);
  return failed ? Category::failure : Category::other;
}

std::optional<std::uint32_t> parse_reason(Vendor vendor, std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (const Reason& reason : reasons(vendor)) {
    if (same_word(text, reason.name)) return reason.number;
  }
  for (const Reason& reason : reasons(vendor)) {
    if (same_word(text, reason.kernel_name)) return reason.number;
  }
  return parse_number(text);
}

std::uint32_t cpuid_number(Vendor vendor) {
  return vendor == Vendor::vmx ? 10 : 0x72;
}

std::string_view to_string(Vendor vendor) {
  return vendor == Vendor::vmx ? "vmx" : "svm";
}

std::string_view to_string(Category category) {
  switch (category) {
    case Category::io:
      return "io";
    case Category::page_fault:
      return "page_fault";
    case Category::msr:
      return "msr";
    case Category::cr_access:
      return "cr_access";
    case Category::dr_access:
      return "dr_access";
    case Category::interrupt:
      return "interrupt";
    case Category::interrupt_window:
      return "interrupt_window";
    case Category::idle:
      return "idle";
    case Category::cpuid:
      return "cpuid";
    case Category::exception:
      return "exception";
    case Category::hypercall:
      return "hypercall";
    case Category::tlb:
      return "tlb";
    case Category::timer:
      return "timer";
    case Category::apic:
      return "apic";
    case Category::descriptor:
      return "descriptor";
    case Category::nested:
      return "nested";
    case Category::instruction:
      return "instruction";
    case Category::failure:
      return "failure";
    case Category::other:
      return "other";
  }
  return "other";
}

std::optional<Vendor> parse_vendor(std::string_view text) {
  if (text == "vmx" || text == "GenuineIntel") return Vendor::vmx;
  if (text == "svm" || text == "AuthenticAMD" || text == "HygonGenuine") return Vendor::svm;
  return std::nullopt;
}

}  // namespace lab::exits
