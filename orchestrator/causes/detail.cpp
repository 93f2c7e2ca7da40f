// SPDX-License-Identifier: MIT
#include "orchestrator/causes/detail.hpp"

#include <spdlog/fmt/fmt.h>

#include "orchestrator/causes/names.hpp"

namespace lab::causes {
namespace {

using exits::CauseKey;
using exits::Vendor;

std::uint64_t bits(std::uint64_t value, unsigned first, unsigned count) {
  return value >> first & ((1ull << count) - 1);
}

// Returns "io 0x3f8 serial port".
std::string titled(std::string_view kind, std::uint64_t number, std::string_view name) {
  return fmt::format("{} {:#x}{}{}", kind, number, name.empty() ? "" : " ", name);
}

const char* direction(bool write) {
  return write ? "write" : "read";
}

std::string port_in_words(std::uint16_t port, const MemoryTree& tree) {
  const std::string_view usual = port_name(port);
  if (const MemoryTree::Region* region = tree.port_at(port))
    return std::string(region->name == "serial" && !usual.empty() ? usual
                                                                  : region_name(region->name));
  if (tree.empty()) return std::string(usual);
  return usual.empty() ? "no device" : fmt::format("{} (absent)", usual);
}

std::string describe_port(std::uint64_t detail, const MemoryTree& tree) {
  const auto port = static_cast<std::uint16_t>(detail);
  return fmt::format("{}: {} {}{}{}", titled("io", port, port_in_words(port, tree)),
                     direction(bits(detail, 24, 1) == 0), bits(detail, 16, 3),
                     bits(detail, 26, 1) ? " rep" : "", bits(detail, 25, 1) ? " string" : "");
}

std::string describe_msr(std::uint64_t detail) {
  const auto index = static_cast<std::uint32_t>(detail);
  return fmt::format("{}: {}", titled("msr", index, msr_name(index)),
                     direction(bits(detail, 32, 1)));
}

constexpr std::uint64_t apic_page = 0xfee00000;

std::string apic_in_words(std::uint64_t offset) {
  const std::string_view name = apic_register_name(static_cast<std::uint32_t>(offset));
  return name.empty() ? "APIC" : fmt::format("APIC {}", name);
}

std::string device_in_words(std::uint64_t address, const MemoryTree& tree) {
  if (address >> 12 == apic_page >> 12) return apic_in_words(address & 0xfff);
  const MemoryTree::Region* region = tree.memory_at(address);
  if (!region) return tree.empty() ? "" : "no device";
  std::string name(region_name(region->name));
  if (region->name != "pcie-mmcfg-mmio") return name;
  const std::uint64_t place = address - region->first + region->offset;  // PCI Express, 7.2.2
  return fmt::format("{} {:02x}:{:02x}.{}", name, bits(place, 20, 8), bits(place, 15, 5),
                     bits(place, 12, 3));
}

std::string describe_address(std::uint64_t address, unsigned kind, const MemoryTree& tree) {
  const MemoryTree::Region* region = tree.memory_at(address);
  switch (kind) {
    case 0:
      return "ram first touch";
    case 1:
      return "ram protected";
    case 2:
      return titled("rom", address, region ? region_name(region->name) : "");
    case 3:
      return titled("mmio", address, device_in_words(address, tree));
    case 4:
      return "ram of the nested guest";
    default:
      return titled(fmt::format("memory of class {}", kind), address, "");
  }
}

std::string describe_memory(std::uint64_t detail, const MemoryTree& tree) {
  // An EPT misconfiguration does not report the kind of access.
  constexpr const char* accesses[] = {": read", ": write", ": fetch", ""};
  const std::uint64_t address = bits(detail, 0, 52);
  return describe_address(address, static_cast<unsigned>(bits(detail, 56, 3)), tree) +
         accesses[bits(detail, 52, 2)];
}

std::string describe_cpuid(std::uint64_t detail) {
  const auto leaf = static_cast<std::uint32_t>(detail);
  const std::string_view name = cpuid_leaf_name(leaf);
  if (name == labs_own_leaf) return fmt::format("cpuid {}", name);
  std::string text = titled("cpuid", leaf, name);
  if (detail >> 32 != 0) text += fmt::format(": subleaf {}", detail >> 32);
  return text;
}

std::string describe_control_register(std::uint64_t detail) {
  const std::uint64_t special = bits(detail, 9, 2);
  return fmt::format("cr{}: {}", bits(detail, 0, 4),
                     special == 1   ? "clts"
                     : special == 2 ? "lmsw"
                                    : direction(bits(detail, 8, 1)));
}

std::string describe_debug_register(std::uint64_t detail) {
  return fmt::format("dr{}: {}", bits(detail, 0, 4), direction(bits(detail, 8, 1)));
}

bool has_error_code(std::uint64_t vector) {  // SDM 3A, table 6-1; APM 2, table 8-2
  return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 ||
         vector == 29 || vector == 30;
}

std::string describe_exception(std::uint64_t detail) {
  const std::uint64_t vector = bits(detail, 0, 8);
  const std::string_view name = exception_name(static_cast<std::uint32_t>(vector));
  std::string text = titled("exception", vector, name);
  if (has_error_code(vector)) text += fmt::format(": error {:#x}", detail >> 32);
  return text;
}

std::string describe_vector(std::string_view kind, std::uint64_t detail, bool known) {
  const std::uint64_t vector = bits(detail, 0, 8);
  if (!known) return std::string(kind);
  return titled(kind, vector, vector_name(static_cast<std::uint32_t>(vector)));
}

std::string describe_apic(std::uint64_t detail) {
  const std::uint64_t offset = bits(detail, 0, 12);
  return fmt::format("{}: {}",
                     titled("apic", offset, apic_register_name(static_cast<std::uint32_t>(offset))),
                     direction(bits(detail, 16, 1)));
}

std::string describe_hypercall(std::uint64_t detail) {
  const auto number = static_cast<std::uint32_t>(detail);
  return titled("hypercall", number, hypercall_name(number));
}

// Follows SDM 3C, appendix C.
std::string describe_vmx(const CauseKey& key, const MemoryTree& tree) {
  const std::uint64_t detail = key.detail;
  switch (key.number) {
    case 0:
      return describe_exception(detail);
    case 1:
      return describe_vector("interrupt", detail, bits(detail, 8, 1));
    case 7:
      return describe_vector("interrupt window", detail, bits(detail, 8, 1));
    case 10:
      return describe_cpuid(detail);
    case 18:
      return describe_hypercall(detail);
    case 28:
      return describe_control_register(detail);
    case 29:
      return describe_debug_register(detail);
    case 30:
      return describe_port(detail, tree);
    case 31:
    case 32:
      return describe_msr(detail);
    case 44:
    case 56:
      return describe_apic(detail);
    case 45:
      return describe_vector("eoi", detail, true);
    case 48:
    case 49:
      return describe_memory(detail, tree);
    default:
      return "";
  }
}

// Follows APM 2, appendix C.
std::string describe_svm(const CauseKey& key, const MemoryTree& tree) {
  const std::uint64_t detail = key.detail;
  if (key.number < 0x20 || key.number == 0x65) return describe_control_register(detail);
  if (key.number < 0x40) return describe_debug_register(detail);
  if (key.number < 0x60) return describe_exception(detail);
  switch (key.number) {
    case 0x60:
      return describe_vector("interrupt", detail, bits(detail, 8, 1));
    case 0x64:
      return describe_vector("interrupt window", detail, bits(detail, 8, 1));
    case 0x72:
      return describe_cpuid(detail);
    case 0x7b:
      return describe_port(detail, tree);
    case 0x7c:
      return describe_msr(detail);
    case 0x81:
      return describe_hypercall(detail);
    case 0x400:
      return describe_memory(detail, tree);
    case 0x401:
    case 0x402:
      return describe_apic(detail);
    default:
      return "";
  }
}

}  // namespace

std::string describe_detail(Vendor vendor, const CauseKey& key, const MemoryTree& tree) {
  return vendor == Vendor::svm ? describe_svm(key, tree) : describe_vmx(key, tree);
}

}  // namespace lab::causes
