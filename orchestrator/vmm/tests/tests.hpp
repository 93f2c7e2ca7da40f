// SPDX-License-Identifier: MIT
// Proofs of the patched modules by guests of which every exit is known. Each throws Error where it
// cannot be run at all.
#pragma once

#include <cstdint>
#include <filesystem>

#include "orchestrator/vmm/report.hpp"

namespace lab::vmm {

// Every exit number from 0 to 0x500 and the extremes, on all leaves and their neighbours.
Report test_numbers();

struct FuzzOptions {
  double seconds = 10;
  unsigned vcpus = 2;
  std::uint64_t seed = 1;
};
// Random leaves and numbers with garbage in the registers, from kernel and user mode, on all vCPUs
// at once, while the host reads, too.
Report test_fuzz(const FuzzOptions& options);

struct ReadingOptions {
  unsigned times = 100;
  unsigned vcpus = 1;
  unsigned microseconds = 20;  // from one interrupt of this machine to the next
};
// Reads the counts as lab's reader does while interrupts fall between the reads and other vCPUs go
// on exiting: the counts kept at the last total add up to it, are the host's, and fit the reads.
Report test_reading(const ReadingOptions& options);

// Makes a VM with two vCPUs, runs and ends it, `times` times; kernel memory before and after.
Report test_create(unsigned times);

// Unloads and loads the modules of this folder `times` times (they stay loaded), likewise.
Report test_reload(unsigned times, const std::filesystem::path& modules,
                   const std::filesystem::path& runtime);

// With exit_preset near 2^32: past it.
Report test_wrap();

// The guest's own guest (SVM only) exits `exits` times: told apart from the guest's own exits.
Report test_nested(std::uint64_t exits);

// Exits of which every cause is known, in each mode and privilege; latches and marks of vCPUs that
// run; and more causes than the table has room for. With exit_causes=N.
Report test_causes(unsigned times);

// VM entries that the processor refuses.
Report test_failed(unsigned times);

// `times` interrupts, each pending before the guest can take it (KVM injects it), while another
// processor stops this one as often as it can: each arrives exactly once. Where an emulator is
// under test: its, not the modules'.
Report test_interrupts(unsigned times);

// The same, and the guest moves its task priority while the interrupt is pending.
Report test_priority(unsigned times);

}  // namespace lab::vmm
