// SPDX-License-Identifier: MIT
// Runs a guest that runs a guest of its own (SVM), which does nothing but CPUID and HLT.
#pragma once

#include <cstdint>

#include "orchestrator/vmm/machine.hpp"

namespace lab::vmm {

class NestedGuest {
 public:
  // Throws a user error where the processor has no SVM.
  NestedGuest();

  // Is the guest's view of its own guest.
  struct Seen {
    std::uint64_t cpuids = 0, halts = 0;  // exits
    std::uint64_t ended_by = 0;           // the number of another exit that ended it; 0: none
  };
  // Runs until its guest has exited so often.
  Seen run(std::uint64_t exits);

  const Machine& machine() const { return machine_; }

 private:
  Machine machine_;
};

}  // namespace lab::vmm
