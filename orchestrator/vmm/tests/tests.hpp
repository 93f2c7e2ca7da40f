// SPDX-License-Identifier: MIT
// Proves the patched modules by guests whose every exit is known. Each test throws where it cannot
// run at all.
#pragma once

#include <cstdint>
#include <filesystem>

#include "orchestrator/vmm/host_view.hpp"

namespace lab::vmm {

// Asks for exit numbers 0 to 0x500 and the extremes, on all leaves and their neighbours.
Report test_numbers();

struct FuzzOptions {
  double seconds = 10;
  unsigned vcpus = 2;
  std::uint64_t seed = 1;
};
// Asks random leaves and numbers with garbage in the registers, from kernel and user mode, on all
// vCPUs at once, while the host reads, too.
Report test_fuzz(const FuzzOptions& options);

struct ReadingOptions {
  unsigned times = 100;
  unsigned vcpus = 1;
  unsigned idle = 0;           // more vCPUs, which never run but are counted
  unsigned microseconds = 20;  // from one interrupt of this machine to the next
};
// Reads the counts as lab's reader does, while interrupts fall between the reads and other vCPUs
// exit. The counts kept at the last total must add up to it, equal the host's and fit the reads.
Report test_reading(const ReadingOptions& options);

// Makes, runs and ends a VM with two vCPUs `times` times; compares kernel memory before and after.
Report test_create(unsigned times);

// Does the same with unloading and loading this folder's modules (they stay loaded).
Report test_reload(unsigned times, const std::filesystem::path& modules,
                   const std::filesystem::path& runtime);

// Counts past 2^32, from an exit_preset close to it.
Report test_wrap();

// Lets the guest's own guest (SVM only) exit `exits` times, apart from the guest's own exits.
Report test_nested(std::uint64_t exits);

// Causes exits whose every cause is known, in each mode and privilege; tests latches and marks of
// running vCPUs, and more causes than the table can hold. Needs exit_causes=N.
Report test_causes(unsigned times);

// Makes the processor refuse VM entries.
Report test_failed(unsigned times);

// Sends `times` interrupts, each pending before the guest can take it (KVM injects it), while
// another processor stops this one as often as it can: each must arrive exactly once. In an
// emulator this tests the emulator, not the modules.
Report test_interrupts(unsigned times);

// Does the same while the guest changes its task priority with the interrupt pending.
Report test_priority(unsigned times);

}  // namespace lab::vmm
