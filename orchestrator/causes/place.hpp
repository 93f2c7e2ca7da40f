// SPDX-License-Identifier: MIT
// Which code of the guest caused an exit, in words.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/causes/memory_tree.hpp"
#include "orchestrator/exits/causes.hpp"

namespace lab::causes {

// The functions that lie at addresses of the guest's kernel, by the guest's own word, and now: what
// a module's memory had before it was freed and taken by another, no kernel knows any more.
class Symbols {
 public:
  // What the guest says of an address; `module` is "" for the kernel itself. A name that is not
  // one of a function's (too long, or with characters that no linker's name has) is passed over.
  void add(std::uint64_t address, std::string_view name, std::string_view module);

  // "pci_conf1_read", "virtio_blk:virtqueue_notify"; without what compilers put behind a dot.
  // Null where it is unknown.
  const std::string* at(std::uint64_t address) const;
  std::size_t size() const { return names_.size(); }

 private:
  std::map<std::uint64_t, std::string> names_;
};

// The addresses that a guest's kernel can name, ascending and each once: its 64-bit code's in the
// upper half, not of its own guests and not of SMM. At most `limit`: those with the most exits.
std::vector<std::uint64_t> addresses_to_name(const exits::Causes& causes, std::size_t limit);

// A function's name, or what the address and the processor's mode show: "BIOS (real mode)", "SMM",
// "user space (program)". Where that is not known: the mode and the address, "kernel
// 0xffffffff81234567". One line of printable ASCII without ';'.
std::string describe_place(const exits::CauseKey& key, const Symbols& symbols,
                           const MemoryTree& tree);

}  // namespace lab::causes
