// SPDX-License-Identifier: MIT
// Detects a process that somebody stopped (SIGSTOP): it neither ends nor goes on, so that whoever
// waits for it waits for ever.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/base/clock.hpp"

namespace lab::base {

// Returns whether a signal stopped it; a debugger's stop is another state. `process` is its folder
// in /proc. Returns false where it is gone.
bool is_stopped(const std::filesystem::path& process);
// Returns the name of its program, at most 15 characters; "" where it is gone.
std::string process_name(const std::filesystem::path& process);

inline constexpr double stop_patience = 20;  // seconds

class StopCheck {
 public:
  // `name` is the program's, for messages.
  explicit StopCheck(std::string name, double patience = stop_patience)
      : name_(std::move(name)), patience_(patience) {}

  // Call this often. Throws an infrastructure error where the process was stopped at each call for
  // `patience` seconds; it names the process and the command that continues it.
  void check(pid_t process);

 private:
  std::string name_;
  double patience_;
  std::optional<Stopwatch> stopped_;
};

}  // namespace lab::base
