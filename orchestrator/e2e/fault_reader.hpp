// SPDX-License-Identifier: MIT
// A reader for the tiny guest that makes faults. Which one is told by the guest's memory: the one
// setting that a guest can see and a scenario's matrix can vary, so that one outer VM and one
// prepared image serve them all.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::e2e {

// The guest's memory in units of 64 MiB.
enum class Fault {
  none = 3,  // the real reader
  garbage,
  endless_line,
  flood_of_lines,
  lie,  // a message as it should be, but with other counts than the host's
  panic,
  power_off,
  reset,
  never_ready,
  hang_in_step,
  panic_in_step,
  reset_in_step,   // the guest reboots by itself
  killed_in_step,  // the command ends by a signal
  flood_in_step,   // it prints megabytes, and fails
};

// A scenario with one trial for each, with a boot and a step `fault`.
std::string fault_scenario(const std::vector<Fault>& faults, unsigned step_seconds = 5);

// Writes that reader (a shell script with the real reader behind it) below a folder.
std::filesystem::path write_fault_reader(const std::filesystem::path& folder);

}  // namespace lab::e2e
