// SPDX-License-Identifier: MIT
// Summarizes many lanes in few lines: how many lanes of each machine are in each phase.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace lab::terminal {

struct LaneState {
  std::string node;   // "" while the machine is unknown
  std::string phase;  // "boot"
};

// Returns the sum of all lanes, then a line for each machine, by name, as long as there is room;
// then how many machines are left out. At least one line, none longer than `columns`.
std::vector<std::string> lines_by_node(std::span<const LaneState> lanes, std::size_t lines,
                                       std::size_t columns);

}  // namespace lab::terminal
