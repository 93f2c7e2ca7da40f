// SPDX-License-Identifier: MIT
// Many lanes in few lines: how many of each machine's do what.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace lab::terminal {

struct LaneState {
  std::string node;   // "": none is known (yet)
  std::string phase;  // "boot"
};

// All together first, then a line a machine, by name, as far as there is room; then how many
// machines more there are. At least one line, none longer than `columns`.
std::vector<std::string> lines_by_node(std::span<const LaneState> lanes, std::size_t lines,
                                       std::size_t columns);

}  // namespace lab::terminal
