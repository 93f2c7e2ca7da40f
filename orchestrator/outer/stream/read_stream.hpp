// SPDX-License-Identifier: MIT
// Reads what a running outer VM sends until it is done.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

struct StreamLimits {
  double silence = 180;         // seconds without a line
  double whole = 3600;          // seconds until the last line
  std::size_t line = 64 << 10;  // bytes
};

// Passes each line of the machine's stream to `take` until that returns true, after the last one.
// Throws an infrastructure error, with the end of its console, where the machine panics, ends
// early, is silent for too long or floods; Error (timed_out) where it is late; Error (interrupted).
void read_stream(OuterMachine& machine, const StreamLimits& limits,
                 const std::function<bool(const std::string&)>& take);

// Returns the error of an outer VM that failed: what happened, then the end of its console.
base::Error outer_failure(const std::string& what, const guest::Console& console,
                          base::ErrorKind kind = base::ErrorKind::infrastructure);

}  // namespace lab::outer
