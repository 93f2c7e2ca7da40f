// SPDX-License-Identifier: MIT
// A lane's side: serves trials until its input ends.
#pragma once

#include <functional>

#include "orchestrator/lane/protocol/protocol.hpp"

namespace lab::lane {

struct Service {
  int input = 0, output = 1;  // file descriptors
  Greeting greeting;
  std::function<void(const Work& work, const trial::Sink& sink)> run;
  // Makes `run` end soon by Error (interrupted); called once, by another thread.
  std::function<void()> interrupt;
  double silence = usual_silence;  // seconds without a line after which nobody is there any more
};

// Greets, then does each piece of work as it comes; what stopped one is an event of it. Returns
// when the input has ended or nobody is at its other end, also in the middle of work, which is
// interrupted then. Error (interrupted) where lab itself is asked to stop; Error (infrastructure)
// where a line is malformed.
void serve(const Service& service);

}  // namespace lab::lane
