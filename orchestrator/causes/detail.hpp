// SPDX-License-Identifier: MIT
// Describes in words what an exit was about.
#pragma once

#include <string>

#include "orchestrator/causes/memory_tree.hpp"
#include "orchestrator/exits/causes.hpp"

namespace lab::causes {

// Returns one line of printable ASCII without ';', such as
//   io 0x3f8 serial port: write 1            (bytes)
//   io 0xc040 virtio-pci: write 2 rep string
//   msr 0x6e0 TSC_DEADLINE: write
//   cpuid 0x4 cache parameters: subleaf 1
//   cpuid lab's own leaves
//   ram first touch: write
//   mmio 0xfee000b0 APIC EOI: write
// Its first words are the same for all that is of one kind, then comes the number, then the name
// where there is one, and behind a colon what was done. Addresses in RAM are left out, as each of
// them comes once only. "" for reasons that have no detail.
std::string describe_detail(exits::Vendor vendor, const exits::CauseKey& key,
                            const MemoryTree& tree);

}  // namespace lab::causes
