// SPDX-License-Identifier: MIT
// Which changes against a baseline matter. For the loader only.
#pragma once

#include <vector>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// A map of reasons and categories to shares; at most 256, none twice. Throws base::Error (user).
std::vector<Floor> read_floors(const Node& node);

// One more, in the place of the one for the same where there is one. Throws base::Error (user).
void set_floor(std::vector<Floor>& floors, const Entry& entry);

}  // namespace lab::scenario
