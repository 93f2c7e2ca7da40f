// SPDX-License-Identifier: MIT
#include "orchestrator/exits/reasons/reasons.hpp"

// The kernel's headers are the reference for numbers and names. svm.h takes the exceptions' vectors
// from kvm.h and writes -1 for "invalid".
#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "kvm-patch/exit_leaves.h"
#include "kvm-patch/exit_numbers.h"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/exits/layout.hpp"

namespace lab::exits {
namespace {

struct KernelName {
  long long number;
  const char* name;
};
const KernelName vmx_names[] = {VMX_EXIT_REASONS};
const KernelName svm_names[] = {SVM_EXIT_REASONS};

template <std::size_t N>
std::map<std::uint32_t, std::string> as_map(const KernelName (&names)[N]) {
  std::map<std::uint32_t, std::string> map;
  for (const KernelName& entry : names) map[std::uint32_t(entry.number)] = entry.name;
  return map;
}

// Returns whether the leaf answers a count rather than edx = EXIT_LEAF_UNDEFINED: for the manuals'
// numbers (kvm-patch/exit_numbers.h) and EXIT_NUMBER_OTHER.
bool is_defined(Vendor vendor, std::uint32_t number) {
  static constexpr exit_range vmx[] = EXIT_RANGES_VMX;
  static constexpr exit_range svm[] = EXIT_RANGES_SVM;
  const auto ranges = vendor == Vendor::vmx ? std::span<const exit_range>(vmx) : std::span(svm);
  return number == EXIT_NUMBER_OTHER || std::ranges::any_of(ranges, [=](const exit_range& range) {
           return range.first <= number && number <= range.last;
         });
}

std::map<std::uint32_t, std::string> ours(Vendor vendor) {
  std::map<std::uint32_t, std::string> map;
  for (const Reason& reason : reasons(vendor)) {
    if (!reason.kernel_name.empty()) map[reason.number] = reason.kernel_name;
  }
  return map;
}

TEST(Reasons, KernelNamesAreThoseOfTheSystemHeaders) {
  EXPECT_EQ(ours(Vendor::vmx), as_map(vmx_names));
  EXPECT_EQ(ours(Vendor::svm), as_map(svm_names));
}

TEST(Reasons, TablesAreSortedAndUnambiguous) {
  for (Vendor vendor : {Vendor::vmx, Vendor::svm}) {
    std::set<std::string_view> names;
    const Reason* previous = nullptr;
    for (const Reason& reason : reasons(vendor)) {
      if (previous) {
        EXPECT_LT(previous->number, reason.number);
      }
      previous = &reason;
      EXPECT_TRUE(names.insert(reason.name).second) << reason.name;
      EXPECT_EQ(parse_reason(vendor, reason.name), reason.number) << reason.name;
      EXPECT_FALSE(to_string(reason.category).empty());
    }
  }
}

TEST(Reasons, VmxNamesAreTheKernels) {
  for (const KernelName& entry : vmx_names) {
    EXPECT_EQ(reason_name(Vendor::vmx, std::uint32_t(entry.number)), entry.name);
  }
}

// A number is in its table once (it is sorted) and an entry has one category, so each number has
// exactly one. `other` is for what no processor reports: all unlisted numbers and the hypervisor's
// SW.
TEST(Reasons, EveryReasonOfTheKernelsHeadersHasItsCategory) {
  const auto check = [](Vendor vendor, const auto& names) {
    for (const KernelName& entry : names) {
      const auto number = std::uint32_t(entry.number);
      EXPECT_EQ(std::ranges::count(reasons(vendor), number, &Reason::number), 1) << entry.name;
      EXPECT_NE(reason_category(vendor, number), Category::other) << entry.name;
    }
  };
  check(Vendor::vmx, vmx_names);
  check(Vendor::svm, svm_names);
  for (Vendor vendor : {Vendor::vmx, Vendor::svm}) {
    for (const Reason& reason : reasons(vendor)) {
      if (reason.category == Category::other) {
        EXPECT_THAT(reason.name, testing::AnyOf("OTHER", "SW"));
      }
    }
  }
}

// A table reads the same on both vendors: what every guest does has the same category on either.
TEST(Reasons, CategoriesArePortable) {
  const auto has = [](Vendor vendor, Category category) {
    return std::ranges::any_of(reasons(vendor),
                               [=](const Reason& reason) { return reason.category == category; });
  };
  for (int i = 0; i < int(Category::other); ++i) {
    EXPECT_TRUE(has(Vendor::vmx, Category(i))) << to_string(Category(i));
    EXPECT_TRUE(has(Vendor::svm, Category(i))) << to_string(Category(i));
  }
}

TEST(Reasons, KnowsNamesAndCategories) {
  EXPECT_EQ(reason_name(Vendor::svm, SVM_EXIT_NPF), "NPF");
  EXPECT_EQ(reason_name(Vendor::svm, SVM_EXIT_IOIO), "IOIO");
  EXPECT_EQ(reason_name(Vendor::svm, 0x4e), "EXCP_PF");
  EXPECT_EQ(reason_name(Vendor::svm, 0xffffffff), "ERR");
  EXPECT_EQ(reason_name(Vendor::vmx, 0x80000021), "INVALID_STATE|FAILED_VMENTRY");
  EXPECT_EQ(reason_name(Vendor::vmx, 35), "UNKNOWN_35");
  EXPECT_EQ(reason_name(Vendor::vmx, EXIT_NUMBER_OTHER), "OTHER");
  EXPECT_EQ(reason_category(Vendor::vmx, 48), Category::page_fault);
  EXPECT_EQ(reason_category(Vendor::svm, 0x78), Category::idle);
  EXPECT_EQ(reason_category(Vendor::vmx, 0x80000022), Category::failure);
  EXPECT_EQ(reason_category(Vendor::vmx, 1234), Category::other);
  EXPECT_EQ(cpuid_number(Vendor::vmx), unsigned(EXIT_REASON_CPUID));
  EXPECT_EQ(cpuid_number(Vendor::svm), unsigned(SVM_EXIT_CPUID));
}

TEST(Reasons, DefinedIsWhatTheManualsSay) {
  std::set<std::uint32_t> holes;
  for (std::uint32_t n = 0; n < 86; ++n) {
    if (!is_defined(Vendor::vmx, n)) holes.insert(n);
  }
  EXPECT_THAT(holes, testing::ElementsAre(35, 38, 42, 71, 82, 83));
  EXPECT_FALSE(is_defined(Vendor::vmx, 0x400));
  for (std::uint32_t n = 0; n <= 0xa6; ++n) EXPECT_TRUE(is_defined(Vendor::svm, n)) << n;
  EXPECT_FALSE(is_defined(Vendor::svm, 0xa7));
  EXPECT_FALSE(is_defined(Vendor::svm, 0x3ff));
  EXPECT_TRUE(is_defined(Vendor::svm, 0x403));
  EXPECT_FALSE(is_defined(Vendor::svm, 0x80000001));
  EXPECT_TRUE(is_defined(Vendor::svm, EXIT_NUMBER_OTHER));
}

// Loading the modules only warns of a number without a slot, which is then not counted by itself.
TEST(Reasons, EveryDefinedNumberAndOtherHaveASlotInTheKernel) {
  const std::string header = base::read_file(LAB_SOURCE_DIR "/kvm-patch/exit_stats.h");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(header, found, std::regex("#define EXIT_SLOTS ([0-9]+)\n")));
  constexpr exit_range vmx[] = EXIT_RANGES_VMX, svm[] = EXIT_RANGES_SVM;
  const auto needed = [](const auto& ranges) {
    unsigned count = 1;  // EXIT_SLOT_OTHER
    for (const exit_range& range : ranges) count += range.last - range.first + 1;
    return count;
  };
  const auto slots = unsigned(std::stoul(found[1]));
  EXPECT_LE(needed(vmx), slots);
  EXPECT_LE(needed(svm), slots);
}

TEST(Reasons, EveryDefinedNumberHasAName) {
  for (Vendor vendor : {Vendor::vmx, Vendor::svm}) {
    for (std::uint32_t n = 0; n < 0x1000; ++n) {
      if (is_defined(vendor, n)) {
        EXPECT_TRUE(find_reason(vendor, n)) << n;
      }
      if (is_defined(vendor, ~n)) {
        EXPECT_TRUE(find_reason(vendor, ~n)) << ~n;
      }
    }
  }
}

TEST(Reasons, ParsesNamesAndNumbers) {
  EXPECT_EQ(parse_reason(Vendor::svm, "npf"), 0x400u);
  EXPECT_EQ(parse_reason(Vendor::svm, "hypercall"), 0x81u);
  EXPECT_EQ(parse_reason(Vendor::svm, "PF excp"), 0x4eu);
  EXPECT_EQ(parse_reason(Vendor::svm, "0x400"), 0x400u);
  EXPECT_EQ(parse_reason(Vendor::vmx, "48"), 48u);
  for (const char* text : {"", "EPT", "0x", "-1", "4294967296", "48 ", "npf"}) {
    EXPECT_EQ(parse_reason(Vendor::vmx, text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_vendor("AuthenticAMD"), Vendor::svm);
  EXPECT_EQ(parse_vendor("vmx"), Vendor::vmx);
  EXPECT_EQ(parse_vendor("arm"), std::nullopt);
}

TEST(Layout, AnswersAsInTheSharedHeader) {
  EXPECT_EQ(find_answer(Layout::descending, 0x4FFFFFFF), Answer::total);
  EXPECT_EQ(find_answer(Layout::ascending, 0x4FFFFFFD), Answer::total_cycles);
  EXPECT_EQ(find_answer(Layout::combined, 0x4FFFFFFC), Answer::none);
  EXPECT_EQ(find_answer(Layout::combined, 0x50000000), Answer::none);
  for (Layout layout : all_layouts) {
    EXPECT_EQ(parse_layout(to_string(layout)), layout);
    const Answer answer = find_answer(layout, total_leaf(layout));
    EXPECT_TRUE(answer == Answer::total || answer == Answer::total_and_cycles);
  }
  EXPECT_EQ(parse_layout("Descending"), std::nullopt);
}

}  // namespace
}  // namespace lab::exits
