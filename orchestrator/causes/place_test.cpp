// SPDX-License-Identifier: MIT
#include "orchestrator/causes/place.hpp"

#include <gmock/gmock.h>

#include <string>

namespace lab::causes {
namespace {

using exits::CauseKey;
using testing::ElementsAre;

constexpr std::uint8_t real = 0, v86 = 1, bits_16 = 2, bits_32 = 3, compatibility = 4, bits_64 = 5,
                       user = 0x30, smm = 0x40, nested = 0x80;
constexpr std::uint64_t kernel = 0xffffffff81234567;

const MemoryTree bios = MemoryTree::parse(
    " AS \"memory\", root: system\n"
    "  0000000000100000-000000001fffffff (prio 0, ram): pc.ram\n"
    "  0000000100000000-000000017fffffff (prio 0, ram): pc.ram\n");
const MemoryTree uefi = MemoryTree::parse(
    " AS \"memory\", root: system\n"
    "  0000000000100000-000000001fffffff (prio 0, ram): pc.ram\n"
    "  00000000ffc00000-00000000ffffffff (prio 0, romd): system.flash0\n");

std::string place(int kind, std::uint64_t rip, const MemoryTree& tree = bios) {
  Symbols symbols;
  symbols.add(kernel, "pci_conf1_read", "");
  return describe_place(CauseKey{1, std::uint8_t(kind), 0, rip}, symbols, tree);
}

TEST(Place, OfTheKernelIsItsFunction) {
  EXPECT_EQ(place(bits_64, kernel), "pci_conf1_read");
  EXPECT_EQ(place(bits_64, kernel + 1), "kernel 0xffffffff81234568") << "not known";
}

TEST(Place, OfOthersIsNotTheKernelsFunctionAtThatAddress) {
  EXPECT_EQ(place(bits_64 | nested, kernel), "nested guest (64-bit)");
  EXPECT_EQ(place(bits_64 | nested | user, kernel), "nested guest (64-bit, user)");
  EXPECT_EQ(place(bits_64 | smm, kernel), "SMM");
  EXPECT_EQ(place(bits_64 | user, 0xffffff0000000000), "user space (vsyscall)");
}

TEST(Place, OfFirmwareAndBootLoadersIsByRegionAndMode) {
  EXPECT_EQ(place(real, 0xfe05b), "BIOS (real mode)");
  EXPECT_EQ(place(real, 0xfffffff0), "firmware's flash (real mode)");
  EXPECT_EQ(place(real, 0x7c00), "boot loader or kernel's setup (real mode)");
  EXPECT_EQ(place(bits_16, 0xf1000), "BIOS (16-bit)");
  EXPECT_EQ(place(v86, 0x200000), "above 1 MiB (virtual-8086)");
  EXPECT_EQ(place(bits_32, 0xd5f60), "BIOS (32-bit)");
  EXPECT_EQ(place(bits_32, 0xffffff00), "firmware's flash (32-bit)");
  EXPECT_EQ(place(bits_32, 0x9000), "boot loader (32-bit)");
  EXPECT_EQ(place(bits_32, 0x1ffb2c80), "BIOS (32-bit, moved)");
  EXPECT_EQ(place(bits_32, 0x1ffb2c80, uefi), "boot loader or kernel's early code (32-bit)");
  EXPECT_EQ(place(bits_32, 0x100000), "boot loader or kernel's early code (32-bit)");
  EXPECT_EQ(place(compatibility, 0x100000), "boot loader or kernel's early code (32-bit)");
  EXPECT_EQ(place(bits_64, 0x1000000), "kernel's early code");
  EXPECT_EQ(place(bits_64, 0x1000000, uefi), "firmware or kernel's early code (64-bit)");
  EXPECT_EQ(place(real, 0), "unknown");
}

TEST(Place, OfUserSpaceIsARegion) {
  EXPECT_EQ(place(bits_64 | user, 0), "user space (program)");
  EXPECT_EQ(place(bits_64 | user, 0x550000000000), "user space (program)");
  EXPECT_EQ(place(bits_64 | user, 0x7f0000000000), "user space (libraries, stack)");
  EXPECT_EQ(place(bits_64 | user, 0x100000000000), "user space (0x100000000000)");
  EXPECT_EQ(place(compatibility | user, 0), "user space (32-bit)");
}

TEST(Symbols, AreGroupedByFunctionAndModule) {
  Symbols symbols;
  symbols.add(1, "virtqueue_notify", "virtio_ring");
  symbols.add(2, "native_read_msr.constprop.0", "");
  symbols.add(3, "acpi_idle_do_entry.part.0.cold", "");
  EXPECT_EQ(*symbols.at(1), "virtio_ring:virtqueue_notify");
  EXPECT_EQ(*symbols.at(2), "native_read_msr");
  EXPECT_EQ(*symbols.at(3), "acpi_idle_do_entry");
  EXPECT_EQ(symbols.at(4), nullptr);
}

// The guest chooses the names, and they appear in tables, pages, JSON and folded stacks.
TEST(Symbols, ThatAreNoLinkersNamesArePassedOver) {
  Symbols symbols;
  for (const std::string& name :
       {std::string(), std::string(201, 'a'), std::string(1 << 20, 'a'), std::string("a;b"),
        std::string("a\nb"), std::string("a b"), std::string("<script>"), std::string("a\"b"),
        std::string("a\\b"), std::string("\x1b[31m"), std::string("a\0b", 3), std::string("\xff"),
        std::string("\xc3\xa4"), std::string("a,b"), std::string("=1+1"), std::string("a'b")})
    symbols.add(kernel, name, "");
  symbols.add(kernel, "f", "a;b");
  symbols.add(kernel, std::string(150, 'a'), std::string(51, 'm'));
  EXPECT_EQ(symbols.size(), 0u);
  EXPECT_EQ(describe_place(CauseKey{1, bits_64, 0, kernel}, symbols, bios),
            "kernel 0xffffffff81234567");
  symbols.add(kernel, std::string(150, 'a'), std::string(50, 'm'));
  EXPECT_EQ(symbols.size(), 1u);
}

TEST(Symbols, AreAskedForKernelCodeOnlyMostExitsFirstWhereThereAreTooMany) {
  const exits::Causes causes{{{{1, bits_64, 0, kernel + 8}, {5, 0}},
                              {{2, bits_64, 7, kernel + 8}, {5, 0}},
                              {{1, bits_64, 0, kernel}, {9, 0}},
                              {{1, bits_64, 0, kernel + 16}, {2, 0}},
                              {{1, bits_64 | user, 0, 0x550000000000}, {99, 0}},
                              {{1, bits_64 | smm, 0, kernel + 24}, {99, 0}},
                              {{1, bits_64 | nested, 0, kernel + 32}, {99, 0}},
                              {{1, bits_32, 0, 0xfffff000}, {99, 0}},
                              {{1, bits_64, 0, 0x1000000}, {99, 0}}},
                             {}};
  EXPECT_THAT(addresses_to_name(causes, 100), ElementsAre(kernel, kernel + 8, kernel + 16));
  EXPECT_THAT(addresses_to_name(causes, 2), ElementsAre(kernel, kernel + 8));
}

}  // namespace
}  // namespace lab::causes
