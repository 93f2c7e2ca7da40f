// SPDX-License-Identifier: MIT
// Reads which changes against a baseline matter. For the loader only.
#pragma once

#include <vector>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// Reads a map of reasons and categories to shares; at most 256, none twice. Throws base::Error
// (user).
std::vector<Floor> read_floors(const Node& node);

// Adds a floor, or replaces the one for the same reason or category. Throws base::Error (user).
void set_floor(std::vector<Floor>& floors, const Entry& entry);

}  // namespace lab::scenario
