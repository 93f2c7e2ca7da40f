// SPDX-License-Identifier: MIT
// Provides a reader for the tiny guest that makes faults. The guest's memory size selects the
// fault: it is the one setting that a guest can see and a scenario's matrix can vary, so one outer
// VM and one prepared image serve all faults.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::e2e {

// Selects a fault; its number is the guest's memory in units of 64 MiB.
enum class Fault {
  none = 3,  // the real reader
  garbage,
  endless_line,
  flood_of_lines,
  lie,  // a valid message with other counts than the host's
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

// Returns a scenario with one trial for each fault, with a boot and a step `fault`.
std::string fault_scenario(const std::vector<Fault>& faults, unsigned step_seconds = 5);

// Writes that reader (a shell script that contains the real reader) below a folder.
std::filesystem::path write_fault_reader(const std::filesystem::path& folder);

}  // namespace lab::e2e
