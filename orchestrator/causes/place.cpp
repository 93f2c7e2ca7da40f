// SPDX-License-Identifier: MIT
#include "orchestrator/causes/place.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace lab::causes {
namespace {

using exits::CauseKey;
using exits::Mode;

constexpr std::size_t symbol_limit = 200;  // with its module
constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t upper_half = 0xffff'8000'0000'0000;
constexpr std::uint64_t bios_begin = 0xc0000;       // option ROMs', then SeaBIOS's
constexpr std::uint64_t flash_begin = 0xff00'0000;  // below 4 GiB

bool is_symbol(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$' || c == '-';
  });
}

std::string_view without_suffix(std::string_view name) {
  return name.substr(0, name.find('.', 1));
}

bool is_kernels(const CauseKey& key) {
  return mode(key) == Mode::long_64 && cpl(key) == 0 && !in_smm(key) && !is_nested(key) &&
         key.rip >= upper_half;
}

std::string_view mode_in_words(Mode mode) {
  constexpr std::string_view words[] = {"real mode", "virtual-8086", "16-bit",
                                        "32-bit",    "32-bit",       "64-bit"};
  const auto place = static_cast<std::size_t>(mode);
  return place < std::size(words) ? words[place] : "mode unknown";
}

// Programs lie at two thirds of the address space, libraries and stacks at its end
// (arch/x86/mm/mmap.c); what is loaded at a fixed address is in the first TiB.
std::string describe_user(const CauseKey& key) {
  const std::uint64_t tib = key.rip >> 40;
  if (mode(key) != Mode::long_64) return fmt::format("user space ({})", mode_in_words(mode(key)));
  if (tib == 0 || tib == 0x55 || tib == 0x56) return "user space (program)";
  if (tib == 0x7e || tib == 0x7f) return "user space (libraries, stack)";
  if (key.rip >= upper_half) return "user space (vsyscall)";
  return fmt::format("user space ({:#x})", key.rip);
}

// SeaBIOS moves its 32-bit code to the end of the RAM below 4 GiB.
bool is_moved_bios(std::uint64_t address, const MemoryTree& tree) {
  const std::uint64_t end = tree.low_ram_end();
  return !tree.has_flash() && end >= 16 * mib && address < end && address >= end - mib;
}

std::string describe_32_bit(std::uint64_t address, const MemoryTree& tree) {
  if (address >= bios_begin && address < mib) return "BIOS (32-bit)";
  if (address >= flash_begin) return "firmware's flash (32-bit)";
  if (address < bios_begin) return "boot loader (32-bit)";
  if (is_moved_bios(address, tree)) return "BIOS (32-bit, moved)";
  return "boot loader or kernel's early code (32-bit)";
}

std::string describe_16_bit(const CauseKey& key) {
  const std::string_view words = mode_in_words(mode(key));
  if (key.rip >= bios_begin && key.rip < mib) return fmt::format("BIOS ({})", words);
  if (key.rip >= flash_begin) return fmt::format("firmware's flash ({})", words);
  if (key.rip < bios_begin) return fmt::format("boot loader or kernel's setup ({})", words);
  return fmt::format("above 1 MiB ({})", words);
}

std::string describe_64_bit(std::uint64_t address, const MemoryTree& tree) {
  if (address >= upper_half) return fmt::format("kernel {:#x}", address);
  return tree.has_flash() ? "firmware or kernel's early code (64-bit)" : "kernel's early code";
}

std::string describe_system(const CauseKey& key, const MemoryTree& tree) {
  switch (mode(key)) {
    case Mode::real:
    case Mode::virtual_8086:
    case Mode::protected_16:
      return describe_16_bit(key);
    case Mode::protected_32:
    case Mode::compatibility:
      return describe_32_bit(key.rip, tree);
    case Mode::long_64:
      break;
  }
  return describe_64_bit(key.rip, tree);
}

}  // namespace

void Symbols::add(std::uint64_t address, std::string_view name, std::string_view module) {
  if (!is_symbol(name) || (!module.empty() && !is_symbol(module))) return;
  if (module.size() + name.size() > symbol_limit) return;
  names_[address] = fmt::format("{}{}{}", module, module.empty() ? "" : ":", without_suffix(name));
}

const std::string* Symbols::at(std::uint64_t address) const {
  const auto found = names_.find(address);
  return found == names_.end() ? nullptr : &found->second;
}

std::vector<std::uint64_t> addresses_to_name(const exits::Causes& causes, std::size_t limit) {
  std::map<std::uint64_t, std::uint64_t> exits;
  for (const auto& [key, count] : causes.causes)
    if (is_kernels(key)) exits[key.rip] += count.exits;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> most;  // exits, address
  for (const auto& [address, count] : exits) most.emplace_back(count, address);
  std::ranges::sort(most, std::greater());
  if (most.size() > limit) most.resize(limit);
  std::vector<std::uint64_t> addresses;
  for (const auto& [count, address] : most) addresses.push_back(address);
  std::ranges::sort(addresses);
  return addresses;
}

std::string describe_place(const CauseKey& key, const Symbols& symbols, const MemoryTree& tree) {
  if (is_nested(key))
    return fmt::format("nested guest ({}{})", mode_in_words(mode(key)),
                       cpl(key) == 3 ? ", user" : "");
  if (in_smm(key)) return "SMM";
  if (cpl(key) == 3) return describe_user(key);
  if (key.rip == 0) return "unknown";
  if (const std::string* name = is_kernels(key) ? symbols.at(key.rip) : nullptr) return *name;
  return describe_system(key, tree);
}

}  // namespace lab::causes
