// SPDX-License-Identifier: MIT
// What lies at a guest's addresses and ports, by QEMU's own device tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lab::causes {

// The regions of a machine. One without any (no answer of QEMU's) knows nothing.
class MemoryTree {
 public:
  enum class Kind { ram, rom, device };

  struct Region {
    std::uint64_t first = 0, last = 0;  // addresses, both of it
    Kind kind = Kind::device;
    std::string name;  // QEMU's, printable: "serial", "pc.ram", "virtio-pci-notify-virtio-blk"
    std::uint64_t offset = 0;  // of `first` in the named region
  };

  // Of the answer to QEMU's `info mtree -f`; lines that are no regions are passed over. Throws
  // base::Error (infrastructure) where it has no address space "memory", or is beyond all bounds.
  static MemoryTree parse(std::string_view text);

  bool empty() const { return memory_.empty() && ports_.empty(); }
  // Null where nothing is there, or nothing that the tree knows.
  const Region* memory_at(std::uint64_t address) const;
  const Region* port_at(std::uint16_t port) const;

  // The first address behind the RAM that lies below 4 GiB; 0: unknown.
  std::uint64_t low_ram_end() const;
  // Whether the firmware is in a flash memory, as UEFI's is.
  bool has_flash() const;

 private:
  std::vector<Region> memory_, ports_;  // sorted
};

}  // namespace lab::causes
