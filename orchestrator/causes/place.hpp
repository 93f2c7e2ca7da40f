// SPDX-License-Identifier: MIT
// Describes in words which code of the guest caused an exit.
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

// Names functions at addresses of the guest's kernel, as the guest reports them now: no kernel
// remembers which module had an address before another one was loaded there.
class Symbols {
 public:
  // Adds the guest's name for an address; `module` is "" for the kernel itself. Ignores a name that
  // no function can have (too long, or with characters that no linker's name has).
  void add(std::uint64_t address, std::string_view name, std::string_view module);

  // Returns "pci_conf1_read" or "virtio_blk:virtqueue_notify", without the suffix that compilers
  // put behind a dot. Returns null where the address is unknown.
  const std::string* at(std::uint64_t address) const;
  std::size_t size() const { return names_.size(); }

 private:
  std::map<std::uint64_t, std::string> names_;
};

// Returns the addresses that a guest's kernel can name, ascending, each once: of its 64-bit code in
// the upper half, outside its own guests and SMM. Keeps the `limit` with most exits.
std::vector<std::uint64_t> addresses_to_name(const exits::Causes& causes, std::size_t limit);

// Returns the function's name, or what the address and the processor's mode show: "BIOS (real
// mode)", "SMM", "user space (program)". Where neither is known, returns the mode and the address,
// "kernel 0xffffffff81234567". The text is one line of printable ASCII without ';'.
std::string describe_place(const exits::CauseKey& key, const Symbols& symbols,
                           const MemoryTree& tree);

}  // namespace lab::causes
