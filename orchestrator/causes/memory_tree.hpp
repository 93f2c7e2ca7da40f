// SPDX-License-Identifier: MIT
// Finds what lies at a guest's addresses and ports, by QEMU's own device tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lab::causes {

// Contains the regions of a machine. It is empty where QEMU did not answer.
class MemoryTree {
 public:
  enum class Kind { ram, rom, device };

  struct Region {
    std::uint64_t first = 0, last = 0;  // addresses, both within the region
    Kind kind = Kind::device;
    std::string name;  // QEMU's, printable: "serial", "pc.ram", "virtio-pci-notify-virtio-blk"
    std::uint64_t offset = 0;  // of `first` in the named region
  };

  // Parses the answer to QEMU's `info mtree -f` and ignores lines that are no regions. Throws an
  // infrastructure error where it has no address space "memory" or exceeds a size limit.
  static MemoryTree parse(std::string_view text);

  bool empty() const { return memory_.empty() && ports_.empty(); }
  // Return null where the tree has no region there.
  const Region* memory_at(std::uint64_t address) const;
  const Region* port_at(std::uint16_t port) const;

  // Returns the first address behind the RAM below 4 GiB; 0 where it is unknown.
  std::uint64_t low_ram_end() const;
  // Returns whether the firmware is in a flash memory, as UEFI's is.
  bool has_flash() const;

 private:
  std::vector<Region> memory_, ports_;  // sorted
};

}  // namespace lab::causes
