// SPDX-License-Identifier: MIT
#include "orchestrator/vmm/loaded.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <iterator>

#include "kvm-patch/exit_leaves.h"
#include "kvm-patch/exit_numbers.h"
#include "orchestrator/base/error.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"
#include "orchestrator/kvm/modules/modules.hpp"

namespace lab::vmm {
namespace {

using exits::Answer;

constexpr exit_range vmx_ranges[] = EXIT_RANGES_VMX;
constexpr exit_range svm_ranges[] = EXIT_RANGES_SVM;

std::string kvm_parameter(const std::string& name, const std::string& missing) {
  const std::string value = kvm::parameter("kvm", name);
  return value.empty() ? missing : value;
}

Leaves parse_leaves(const std::string& value) {
  if (value == "root") return Leaves::root;
  return value == "off" ? Leaves::off : Leaves::on;
}

kvm_cpuid_entry2 entry(std::uint32_t leaf, const std::array<std::uint32_t, 4>& registers) {
  kvm_cpuid_entry2 result{};
  result.function = leaf;
  result.eax = registers[0];
  result.ebx = registers[1];
  result.ecx = registers[2];
  result.edx = registers[3];
  return result;
}

// Returns a vendor's name in the registers of leaf 0, which hold it in the order ebx, edx, ecx.
std::array<std::uint32_t, 4> vendor_leaf(std::uint32_t highest, const char* name) {
  std::uint32_t words[3];
  std::memcpy(words, name, sizeof(words));
  return {highest, words[0], words[2], words[1]};
}

// Returns KVM's answer for a leaf that is not in the table.
std::array<std::uint32_t, 4> stock_answer(Processor processor) {
  if (processor == Processor::amd) return {};
  return {beyond[0], beyond[1], beyond[2], beyond[3]};
}

std::array<bool, 4> free_registers(Answer answer) {
  switch (answer) {
    case Answer::total:
    case Answer::count:
    case Answer::latched:
      return {true, false, false, false};
    case Answer::total_cycles:
    case Answer::cycles:
      return {false, true, true, false};
    case Answer::total_and_cycles:
      return {true, true, true, false};
    case Answer::none:
      break;
  }
  return {};
}

}  // namespace

bool takes_number(Answer answer) {
  return answer == Answer::count || answer == Answer::cycles || answer == Answer::latched;
}

exits::Answer Loaded::answer(std::uint32_t leaf, Level level) const {
  if (!answers() || (leaves == Leaves::root && level == Level::user)) return Answer::none;
  return exits::find_answer(layout, leaf);
}

std::uint32_t Loaded::leaf(exits::Answer wanted) const {
  for (std::uint32_t leaf = EXIT_LEAF_FIRST; leaf <= EXIT_LEAF_LAST; ++leaf)
    if (exits::find_answer(layout, leaf) == wanted) return leaf;
  return 0;
}

std::string Loaded::in_words() const {
  return fmt::format("vendor {}, layout {}, counts {}, leaves {}", exits::to_string(vendor),
                     exits::to_string(layout), counts ? "on" : "off",
                     leaves == Leaves::on    ? "on"
                     : leaves == Leaves::off ? "off"
                                             : "root");
}

Loaded loaded_module() {
  if (kvm::parameter("kvm", "exit_stats").empty())
    throw base::user_error("the kvm module that is loaded is not patched", "lab kvm load");
  if (kvm_parameter("exit_scope", "vm") != "vm")
    throw base::user_error("these tests are for exit_scope=vm");
  Loaded loaded{.vendor = kvm::machine_vendor()};
  loaded.layout = exits::parse_layout(kvm_parameter("exit_layout", "descending"))
                      .value_or(exits::Layout::descending);
  loaded.counts = kvm_parameter("exit_counts", "on") == "on";
  loaded.leaves = parse_leaves(kvm_parameter("exit_leaves", "on"));
  loaded.preset = std::stoull(kvm_parameter("exit_preset", "0"));
  loaded.causes = kvm_parameter("exit_causes", "0") != "0";
  return loaded;
}

CpuidTable small_cpuid(Processor processor) {
  const char* name = processor == Processor::amd ? "AuthenticAMD" : "GenuineIntel";
  constexpr std::uint32_t long_mode = 1u << 29, address_bits = 0x3030;
  return {entry(0, vendor_leaf(2, name)),
          entry(1, {0, 0, 0, 0}),
          entry(2, {beyond[0], beyond[1], beyond[2], beyond[3]}),
          entry(0x80000000, {0x80000008, 0, 0, 0}),
          entry(0x80000001, {0, 0, 0, long_mode}),
          entry(0x80000008, {address_bits, 0, 0, 0})};
}

bool has_leaf(std::uint32_t leaf) {
  return leaf <= 2 || (leaf >= 0x80000000 && leaf <= 0x80000008);
}

std::vector<std::uint32_t> defined_numbers(exits::Vendor vendor) {
  std::vector<std::uint32_t> numbers;
  const auto add = [&](const auto& ranges) {
    for (const exit_range& range : ranges)
      for (std::uint64_t number = range.first; number <= range.last; ++number)
        numbers.push_back(static_cast<std::uint32_t>(number));
  };
  if (vendor == exits::Vendor::svm)
    add(svm_ranges);
  else
    add(vmx_ranges);
  return numbers;
}

std::uint32_t io_number(exits::Vendor vendor) {
  return vendor == exits::Vendor::svm ? 0x7b : 30;
}

std::string find_fault(const Query& query, exits::Answer answer, bool defined,
                       Processor processor) {
  static constexpr const char* names[] = {"rax", "rbx", "rcx", "rdx"};
  std::array<std::uint32_t, 4> wanted{};
  std::array<bool, 4> free = free_registers(answer);
  if (answer == Answer::none) wanted = stock_answer(processor);
  if (takes_number(answer) && !defined) {
    wanted[3] = EXIT_LEAF_UNDEFINED;
    free = {};
  }
  for (int i = 0; i < 4; ++i)
    if (free[i] ? query.out[i] >> 32 != 0 : query.out[i] != wanted[i])
      return fmt::format("leaf {:#x}, ecx {:#x}: {} is {:#x}, not {}",
                         static_cast<std::uint32_t>(query.in[0]),
                         static_cast<std::uint32_t>(query.in[2]), names[i], query.out[i],
                         free[i] ? "of 32 bits" : fmt::format("{:#x}", wanted[i]));
  return "";
}

std::uint64_t cycles_in(const Query& query) {
  return query.out[1] << 32 | query.out[2];
}

}  // namespace lab::vmm
