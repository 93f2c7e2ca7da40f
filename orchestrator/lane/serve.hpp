// SPDX-License-Identifier: MIT
// Is a lane's side of the protocol: serves trials until its input ends.
#pragma once

#include <functional>

#include "orchestrator/lane/protocol/protocol.hpp"

namespace lab::lane {

struct Service {
  int input = 0, output = 1;  // file descriptors
  Greeting greeting;
  std::function<void(const Work& work, const trial::Sink& sink)> run;
  // Makes `run` end soon by Error (interrupted); another thread calls it once.
  std::function<void()> interrupt;
  double silence = usual_silence;  // seconds without a line after which lab run counts as gone
};

// Greets, then does each piece of work as it arrives; an error in it is sent as an event. Returns
// when the input has ended or its other end is silent or gone, and then interrupts any work. Throws
// Error (interrupted) where lab itself is asked to stop; Error (infrastructure) where a line is
// malformed.
void serve(const Service& service);

}  // namespace lab::lane
