// SPDX-License-Identifier: MIT
// A process that somebody stopped (SIGSTOP) neither ends nor goes on: whoever waits for it waits
// for ever.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/base/clock.hpp"

namespace lab::base {

// By a signal, which is another state than a debugger's. `process`: its folder in /proc. False
// where it is gone.
bool is_stopped(const std::filesystem::path& process);
// Its program's, of at most 15 characters; "" where it is gone.
std::string process_name(const std::filesystem::path& process);

inline constexpr double stop_patience = 20;  // seconds

class StopCheck {
 public:
  // `name`: of the program, for people.
  explicit StopCheck(std::string name, double patience = stop_patience)
      : name_(std::move(name)), patience_(patience) {}

  // Ask often. Error (infrastructure) where the process was stopped at each call for `patience`
  // seconds; it names the process, and what lets it go on.
  void check(pid_t process);

 private:
  std::string name_;
  double patience_;
  std::optional<Stopwatch> stopped_;
};

}  // namespace lab::base
