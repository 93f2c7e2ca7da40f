// SPDX-License-Identifier: MIT
// Reading what a running outer VM says until it is done.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/outer/machine/machine.hpp"

namespace lab::outer {

struct StreamLimits {
  double silence = 180;         // seconds without a line
  double whole = 3600;          // seconds until the last line
  std::size_t line = 64 << 10;  // bytes
};

// Hands over each line of the machine's stream, until `take` returns true: it was the last. Error
// (infrastructure), with the end of its console, where the machine panics, ends before that, is
// silent for too long or floods; Error (timed_out) where it is not done in time; Error
// (interrupted).
void read_stream(OuterMachine& machine, const StreamLimits& limits,
                 const std::function<bool(const std::string&)>& take);

// The error of an outer VM that failed: what happened, then the end of its console.
base::Error outer_failure(const std::string& what, const guest::Console& console,
                          base::ErrorKind kind = base::ErrorKind::infrastructure);

}  // namespace lab::outer
