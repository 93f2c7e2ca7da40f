// SPDX-License-Identifier: MIT
#include "orchestrator/causes/memory_tree.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "orchestrator/base/error.hpp"

namespace lab::causes {
namespace {

using testing::HasSubstr;

// Returns the tree of QEMU 7.2, -M q35, after SeaBIOS has placed the devices (shortened).
std::string q35() {
  std::ifstream file(LAB_SOURCE_DIR "/orchestrator/causes/testdata/mtree-q35.txt");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string port_name_in(const MemoryTree& tree, std::uint16_t port) {
  const MemoryTree::Region* region = tree.port_at(port);
  return region ? region->name : "none";
}

std::string memory_name_in(const MemoryTree& tree, std::uint64_t address) {
  const MemoryTree::Region* region = tree.memory_at(address);
  return region ? region->name : "none";
}

TEST(MemoryTree, KnowsWhatQemuHasAtPortsAndAddresses) {
  const MemoryTree tree = MemoryTree::parse(q35());
  EXPECT_FALSE(tree.empty());
  EXPECT_EQ(port_name_in(tree, 0xcf8), "pci-conf-idx");
  EXPECT_EQ(port_name_in(tree, 0xcfa), "pci-conf-idx");
  EXPECT_EQ(tree.port_at(0xcfa)->offset, 2u);
  EXPECT_EQ(port_name_in(tree, 0xcff), "pci-conf-data");
  EXPECT_EQ(port_name_in(tree, 0x3f8), "serial");
  EXPECT_EQ(port_name_in(tree, 0x3ff), "serial");
  EXPECT_EQ(port_name_in(tree, 0xc040), "virtio-pci");
  EXPECT_EQ(memory_name_in(tree, 0xfe803004), "virtio-pci-notify-virtio-blk");
  EXPECT_EQ(memory_name_in(tree, 0xfee000b0), "apic-msi");
  EXPECT_EQ(tree.memory_at(0x200000)->kind, MemoryTree::Kind::ram);
  EXPECT_EQ(tree.memory_at(0xffffffff)->kind, MemoryTree::Kind::rom);
  EXPECT_EQ(tree.low_ram_end(), 512u << 20);
  EXPECT_FALSE(tree.has_flash());
}

TEST(MemoryTree, BetweenTheDevicesThereIsNothing) {
  const MemoryTree tree = MemoryTree::parse(q35());
  EXPECT_EQ(port_name_in(tree, 0x10), "none") << "the address space itself";
  EXPECT_EQ(port_name_in(tree, 0xd00), "none");
  EXPECT_EQ(memory_name_in(tree, 0x20000000), "none");
  EXPECT_EQ(memory_name_in(tree, UINT64_MAX), "none");
  EXPECT_EQ(memory_name_in(MemoryTree(), 0), "none");
  EXPECT_TRUE(MemoryTree().empty());
  EXPECT_EQ(MemoryTree().low_ram_end(), 0u);
}

TEST(MemoryTree, LinesThatAreNoRegionsArePassedOver) {
  const MemoryTree tree = MemoryTree::parse(
      "FlatView #0\r\n AS \"memory\", root: system\r\n Root memory region: system\r\n"
      "  0000000000000000-000000000009ffff (prio 0, ram): a KVM\r\n"
      "  00000000000a0000-00000000000affff (prio -1, i/o): b;<\x01> @0000000000000010\r\n"
      "  zz-00000000000bffff (prio 0, i/o): c\r\n  00000000000c0000 (prio 0, i/o): d\r\n"
      "  00000000000e0000-00000000000d0000 (prio 0, i/o): e\r\n  -\r\n   \r\n"
      "FlatView #1\r\n  0000000000100000-0000000000ffffff (prio 0, ram): of no space\r\n");
  EXPECT_EQ(memory_name_in(tree, 0), "a");
  EXPECT_EQ(memory_name_in(tree, 0xa0000), "b????")
      << "printable, and nothing that means something";
  EXPECT_EQ(tree.memory_at(0xa0000)->offset, 0x10u);
  for (std::uint64_t address : {0xb0000, 0xc0000, 0xd0000, 0xe0000, 0x100000})
    EXPECT_EQ(memory_name_in(tree, address), "none") << address;
}

std::string fault_of(const std::string& text) {
  try {
    MemoryTree::parse(text);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(MemoryTree, WhatIsNoAnswerOfQemusIsAnError) {
  EXPECT_THAT(fault_of(""), HasSubstr("no address space 'memory'"));
  EXPECT_THAT(fault_of("unknown command: 'info mtree'"), HasSubstr("no address space 'memory'"));
  EXPECT_THAT(fault_of(std::string(5u << 20, ' ')), HasSubstr("longer than 4 MiB"));
  std::string many = " AS \"memory\", root: system\n";
  for (int i = 0; i < 20'001; ++i) many += "  0-1 (prio 0, i/o): x\n";
  EXPECT_THAT(fault_of(many), HasSubstr("more than 20,000 regions"));
  const std::string whole = q35();
  for (std::size_t length = 0; length < whole.size(); length += 7)
    fault_of(whole.substr(0, length));
}

}  // namespace
}  // namespace lab::causes
