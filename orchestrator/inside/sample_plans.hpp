// SPDX-License-Identifier: MIT
// Makes plans for tests: those of a scenario whose two cells differ in the guest's console.
#pragma once

#include <vector>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::inside {

inline std::vector<scenario::TrialPlan> sample_plans() {
  return scenario::expand(scenario::parse(
      "version: 1\nname: t\nimage: tiny\nmatrix: {guest.console: [quiet, verbose]}\n"
      "steps: [boot: {until: reader}, run: {name: a, command: 'echo \"x\"'}]\n",
      "t.yaml"));
}

}  // namespace lab::inside
