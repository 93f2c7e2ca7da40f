// SPDX-License-Identifier: MIT
// Reads the steps of a scenario. For the loader only.
#pragma once

#include <vector>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// Reads all steps in order and checks that they fit together; a timeout is 0 where none is given.
// Throws base::Error (user).
std::vector<Step> read_steps(const Node& node);

}  // namespace lab::scenario
