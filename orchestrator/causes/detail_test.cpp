// SPDX-License-Identifier: MIT
#include "orchestrator/causes/detail.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "orchestrator/causes/names.hpp"

namespace lab::causes {
namespace {

using exits::CauseKey;
using exits::Vendor;

const MemoryTree none;
const MemoryTree machine = MemoryTree::parse(
    "FlatView #0\n AS \"I/O\", root: io\n"
    "  00000000000002f8-00000000000002ff (prio 0, i/o): serial\n"
    "  0000000000000cf8-0000000000000cfb (prio 0, i/o): pci-conf-idx\n"
    "  000000000000c040-000000000000c05f (prio 1, i/o): virtio-pci\n"
    "FlatView #1\n AS \"memory\", root: system\n"
    "  0000000000000000-000000001fffffff (prio 0, ram): pc.ram\n"
    "  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
    "  00000000fe803000-00000000fe803fff (prio 0, i/o): virtio-pci-notify-virtio-blk\n"
    "  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n");

std::string svm(std::uint32_t number, std::uint64_t detail, const MemoryTree& tree = none) {
  return describe_detail(Vendor::svm, CauseKey{number, 5, detail, 0}, tree);
}

std::string vmx(std::uint32_t number, std::uint64_t detail, const MemoryTree& tree = none) {
  return describe_detail(Vendor::vmx, CauseKey{number, 5, detail, 0}, tree);
}

constexpr std::uint64_t in = 1 << 24, string = 1 << 25, rep = 1 << 26, byte = 1 << 16,
                        word = 2 << 16, dword = 4 << 16;

TEST(Detail, OfPortsSaysWhichDeviceAndWhatWasDone) {
  EXPECT_EQ(svm(0x7b, 0x3f8 | byte), "io 0x3f8 serial port: write 1");
  EXPECT_EQ(svm(0x7b, 0xcf8 | dword), "io 0xcf8 PCI configuration address: write 4");
  EXPECT_EQ(svm(0x7b, 0xcfe | word | in), "io 0xcfe PCI configuration data: read 2");
  EXPECT_EQ(vmx(30, 0x1f0 | word | in | string | rep), "io 0x1f0 IDE: read 2 rep string");
  EXPECT_EQ(vmx(30, 0xc040 | word), "io 0xc040: write 2");
}

TEST(Detail, OfPortsIsByTheGuestsOwnDevicesWhereTheyAreKnown) {
  EXPECT_EQ(vmx(30, 0xc044 | word, machine), "io 0xc044 virtio-pci: write 2");
  EXPECT_EQ(vmx(30, 0xcfb | byte, machine), "io 0xcfb PCI configuration address: write 1");
  EXPECT_EQ(vmx(30, 0x2f9 | byte, machine), "io 0x2f9 serial port 2: write 1");
  EXPECT_EQ(vmx(30, 0x3f8 | byte, machine), "io 0x3f8 serial port (absent): write 1");
  EXPECT_EQ(vmx(30, 0x5555 | byte | in, machine), "io 0x5555 no device: read 1");
}

TEST(Detail, OfMsrsSaysTheirNames) {
  constexpr std::uint64_t write = 1ull << 32;
  EXPECT_EQ(svm(0x7c, 0x6e0 | write), "msr 0x6e0 TSC_DEADLINE: write");
  EXPECT_EQ(vmx(31, 0xc0000080), "msr 0xc0000080 EFER: read");
  EXPECT_EQ(vmx(32, 0x4b564d00 | write), "msr 0x4b564d00 KVM_WALL_CLOCK_NEW: write");
  EXPECT_EQ(vmx(32, 0x40000000 | write), "msr 0x40000000 HV_GUEST_OS_ID: write");
  EXPECT_EQ(vmx(32, 0x83f | write), "msr 0x83f x2APIC self IPI: write");
  EXPECT_EQ(vmx(32, 0x830 | write), "msr 0x830 x2APIC ICR: write");
  EXPECT_EQ(svm(0x7c, 0x203), "msr 0x203 MTRRphysMask1: read");
  EXPECT_EQ(svm(0x7c, 0x406), "msr 0x406 MC1_ADDR: read");
  EXPECT_EQ(svm(0x7c, 0x187 | write), "msr 0x187 EVENTSEL1: write");
  EXPECT_EQ(svm(0x7c, 0xdeadbeef), "msr 0xdeadbeef: read");
}

std::uint64_t memory(std::uint64_t address, std::uint64_t access, std::uint64_t kind) {
  return address | access << 52 | kind << 56;
}

TEST(Detail, OfMemoryTellsRamRomAndDevicesApart) {
  EXPECT_EQ(svm(0x400, memory(0x40000000, 1, 0)), "ram first touch: write");
  EXPECT_EQ(svm(0x400, memory(0x40200000, 1, 0)), "ram first touch: write") << "each comes once";
  EXPECT_EQ(vmx(48, memory(0x40200000, 2, 0)), "ram first touch: fetch");
  EXPECT_EQ(vmx(48, memory(0x40200000, 1, 1)), "ram protected: write");
  EXPECT_EQ(vmx(48, memory(0xfffc1000, 1, 2), machine), "rom 0xfffc1000 BIOS: write");
  EXPECT_EQ(vmx(49, memory(0xfee000b0, 1, 3)), "mmio 0xfee000b0 APIC EOI: write");
  EXPECT_EQ(vmx(49, memory(0xfee00300, 1, 3), machine), "mmio 0xfee00300 APIC ICR: write");
  EXPECT_EQ(vmx(49, memory(0xfe803004, 1, 3), machine),
            "mmio 0xfe803004 virtio-pci-notify-virtio-blk: write");
  EXPECT_EQ(vmx(49, memory(0xb012a004, 0, 3), machine),
            "mmio 0xb012a004 PCI configuration 01:05.2: read");
  EXPECT_EQ(vmx(49, memory(0x80000000, 0, 3), machine), "mmio 0x80000000 no device: read");
  EXPECT_EQ(vmx(49, memory(0x80000000, 0, 3)), "mmio 0x80000000: read");
  EXPECT_EQ(svm(0x400, memory(0x200000, 0, 4)), "ram of the nested guest: read");
}

TEST(Detail, OfCpuidHasLabsOwnLeavesApart) {
  EXPECT_EQ(svm(0x72, 4 | 1ull << 32), "cpuid 0x4 cache parameters: subleaf 1");
  EXPECT_EQ(vmx(10, 0x80000008), "cpuid 0x80000008 address sizes");
  EXPECT_EQ(vmx(10, 0x12345), "cpuid 0x12345");
  for (std::uint64_t leaf = 0x4ffffffb; leaf <= 0x4fffffff; ++leaf)
    EXPECT_EQ(svm(0x72, leaf), "cpuid lab's own leaves");
}

TEST(Detail, OfRegistersExceptionsAndHypercalls) {
  EXPECT_EQ(svm(0x13, 3 | 1 << 8), "cr3: write");
  EXPECT_EQ(svm(0x65, 0 | 1 << 8), "cr0: write");
  EXPECT_EQ(vmx(28, 4), "cr4: read");
  EXPECT_EQ(vmx(28, 0 | 1 << 9), "cr0: clts");
  EXPECT_EQ(vmx(28, 0 | 2 << 9), "cr0: lmsw");
  EXPECT_EQ(svm(0x37, 7 | 1 << 8), "dr7: write");
  EXPECT_EQ(vmx(29, 7), "dr7: read");
  EXPECT_EQ(svm(0x4e, 14 | 6ull << 32), "exception 0xe #PF: error 0x6");
  EXPECT_EQ(vmx(0, 6), "exception 0x6 #UD");
  EXPECT_EQ(svm(0x81, 10), "hypercall 0xa SEND_IPI");
  EXPECT_EQ(vmx(18, 99), "hypercall 0x63");
}

TEST(Detail, OfInterruptsSaysTheVectorWhereItIsKnown) {
  EXPECT_EQ(svm(0x60, 0), "interrupt");
  EXPECT_EQ(vmx(1, 0x1ec), "interrupt 0xec local timer");
  EXPECT_EQ(vmx(1, 0x131), "interrupt 0x31");
  EXPECT_EQ(svm(0x64, 0x1fd), "interrupt window 0xfd reschedule");
  EXPECT_EQ(vmx(7, 0), "interrupt window");
  EXPECT_EQ(vmx(44, 0xb0 | 1 << 16), "apic 0xb0 EOI: write");
  EXPECT_EQ(svm(0x402, 0x210), "apic 0x210 IRR: read");
  EXPECT_EQ(vmx(45, 0xec), "eoi 0xec local timer");
}

TEST(Detail, IsEmptyWhereThereIsNone) {
  EXPECT_EQ(svm(0x78, 0), "");
  EXPECT_EQ(vmx(12, 0), "");
  EXPECT_EQ(vmx(0x80000021, 0), "");
  EXPECT_EQ(svm(0xffffffff, 5), "");
}

// A guest must not be able to break a table, a page, JSON or a folded stack.
TEST(Detail, IsPrintableWhateverTheBits) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    for (const Vendor vendor : {Vendor::svm, Vendor::vmx}) {
      const CauseKey key{std::uint32_t(i % 0x410), std::uint8_t(random()), random(), random()};
      const std::string text = describe_detail(vendor, key, machine);
      ASSERT_LE(text.size(), 120u) << text;
      ASSERT_TRUE(std::ranges::all_of(text, [](char c) {
        return c >= ' ' && c <= '~' && c != ';' && c != '<' && c != '"' && c != '\\';
      })) << text;
    }
  }
}

TEST(Names, TablesAreSorted) {
  for (std::uint32_t leaf : {0x0u, 0x4u, 0x24u, 0x40000000u, 0x40000101u, 0x80000026u, 0xc0000001u})
    EXPECT_NE(cpuid_leaf_name(leaf), "") << leaf;
  for (std::uint32_t vector : {0x80u, 0xecu, 0xffu}) EXPECT_NE(vector_name(vector), "") << vector;
  for (std::uint16_t port : {0x0, 0x61, 0x92, 0x2e8, 0x3f6, 0x402, 0x608, 0xcf9, 0xcff})
    EXPECT_NE(port_name(port), "") << port;
  for (std::uint32_t msr : {0x0u, 0x1bu, 0xfeu, 0x17au, 0x277u, 0x770u, 0xda0u, 0x400000f0u,
                            0x4b564d08u, 0xc0000103u, 0xc0011029u, 0xc0010117u})
    EXPECT_NE(msr_name(msr), "") << std::hex << msr;
  EXPECT_EQ(msr_name(0x1), "P5_MC_TYPE");
  EXPECT_EQ(region_name("acpi-cnt"), "ACPI PM");
  EXPECT_EQ(region_name("serial"), "serial port");
  EXPECT_EQ(region_name("hpet"), "hpet");
  EXPECT_EQ(apic_register_name(0x410), "extended control");
}

}  // namespace
}  // namespace lab::causes
