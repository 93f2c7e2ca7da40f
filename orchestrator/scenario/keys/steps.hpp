// SPDX-License-Identifier: MIT
// The steps of a scenario. For the loader only.
#pragma once

#include <vector>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// All of them, in order and good together; their timeouts 0 where none is named. Throws
// base::Error (user).
std::vector<Step> read_steps(const Node& node);

}  // namespace lab::scenario
