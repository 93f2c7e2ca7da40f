// SPDX-License-Identifier: MIT
// Reads the settings of the loaded kvm module, and derives what a guest must see.
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
  bool causes = false;       // exit_causes

  bool answers() const { return counts && leaves != Leaves::off; }
  // Returns what `leaf` answers a guest at this level; Answer::none: as stock modules answer.
  exits::Answer answer(std::uint32_t leaf, Level level) const;
  std::uint32_t leaf(exits::Answer answer) const;  // 0: the layout has none
  std::string in_words() const;
};

// Throws a user error where the loaded module is not patched, or counts for all VMs together.
Loaded loaded_module();

// Returns one of two small CPUID tables. For a leaf that is not in the table KVM answers zeros to
// an AMD guest, and the highest basic leaf, here the numbers of `beyond`, to an Intel guest.
enum class Processor { amd, intel };
CpuidTable small_cpuid(Processor processor);
inline constexpr std::uint32_t beyond[] = {0x11111111, 0x22222222, 0x33333333, 0x44444444};
// Returns whether the table has the leaf (whose answer KVM may adapt).
bool has_leaf(std::uint32_t leaf);

// Returns the numbers that the vendor's manual defines (kvm-patch/exit_numbers.h).
std::vector<std::uint32_t> defined_numbers(exits::Vendor vendor);

// Returns the exit number that the test guests' own instructions cause.
std::uint32_t io_number(exits::Vendor vendor);

// Returns whether the answer is about one exit number.
bool takes_number(exits::Answer answer);

// Returns "" if the answer has the right form: registers that are not part of it must be empty.
std::string find_fault(const Query& query, exits::Answer answer, bool defined, Processor processor);

std::uint64_t cycles_in(const Query& query);

}  // namespace lab::vmm
