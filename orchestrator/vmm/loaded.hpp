// SPDX-License-Identifier: MIT
// What the loaded kvm module says of itself, and what a guest must therefore see.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/exits/layout.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/vmm/machine.hpp"

namespace lab::vmm {

enum class Leaves { on, off, root };

struct Loaded {
  exits::Vendor vendor = exits::Vendor::svm;
  exits::Layout layout = exits::Layout::descending;
  bool counts = true;  // exit_counts
  Leaves leaves = Leaves::on;
  std::uint64_t preset = 0;  // exit_preset

  bool answers() const { return counts && leaves != Leaves::off; }
  // What `leaf` answers a guest at this level; Answer::none: what stock modules answer.
  exits::Answer answer(std::uint32_t leaf, Level level) const;
  std::uint32_t leaf(exits::Answer answer) const;  // 0: the layout has none
  std::string in_words() const;
};

// Error (user) where the loaded module is not patched, or counts for all VMs together.
Loaded loaded_module();

// Two small CPUID tables. For a leaf that they lack KVM answers the guest of an AMD processor
// zeros, that of an Intel processor its highest basic leaf: here the numbers of `beyond`.
enum class Processor { amd, intel };
CpuidTable small_cpuid(Processor processor);
inline constexpr std::uint32_t beyond[] = {0x11111111, 0x22222222, 0x33333333, 0x44444444};
// Whether the table has the leaf (whose answer KVM may adapt).
bool has_leaf(std::uint32_t leaf);

// The numbers that the vendor's manual defines (kvm-patch/exit_numbers.h).
std::vector<std::uint32_t> defined_numbers(exits::Vendor vendor);

// What the test guests' own instructions cause.
std::uint32_t io_number(exits::Vendor vendor);

// Whether the answer is one of an exit number.
bool takes_number(exits::Answer answer);

// "" where the answer has the form it must have: nothing in registers that are not part of it.
std::string find_fault(const Query& query, exits::Answer answer, bool defined, Processor processor);

std::uint64_t cycles_in(const Query& query);

}  // namespace lab::vmm
