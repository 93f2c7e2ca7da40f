// SPDX-License-Identifier: MIT
#include "orchestrator/exits/reasons/reasons.hpp"

#include <algorithm>

#include "orchestrator/base/text.hpp"

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

bool names_reason(std::string_view text) {
  return text == "total" || std::ranges::any_of(vendors, [&](Vendor vendor) {
           return parse_reason(vendor, text).has_value();
         });
}

std::vector<std::string_view> reason_words() {
  std::vector<std::string_view> words = {"total"};
  for (const Vendor vendor : vendors)
    for (const Reason& reason : reasons(vendor)) words.push_back(reason.name);
  return words;
}

std::uint32_t cpuid_number(Vendor vendor) {
  return vendor == Vendor::vmx ? 10 : 0x72;
}

std::string_view to_string(Vendor vendor) {
  return vendor == Vendor::vmx ? "vmx" : "svm";
}

std::string_view to_string(Category category) {
  return category_words[std::size_t(category)];
}

std::optional<Category> parse_category(std::string_view word) {
  const auto* const found = std::ranges::find(category_words, word);
  if (found == std::end(category_words)) return std::nullopt;
  return Category(found - category_words);
}

std::optional<Vendor> parse_vendor(std::string_view text) {
  if (text == "vmx" || text == "GenuineIntel") return Vendor::vmx;
  if (text == "svm" || text == "AuthenticAMD" || text == "HygonGenuine") return Vendor::svm;
  return std::nullopt;
}

}  // namespace lab::exits
