// SPDX-License-Identifier: MIT
// The matrix: its axes and cells.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {

inline constexpr std::uint64_t trial_limit = 100000;

// The axes, then what is excluded and included. Throws base::Error (user).
void read_matrix(Draft& draft, const Node& node);
// `file`: the scenario's.
Axis read_axis(const std::string& file, const std::string& key, const Entry& entry);

// Some of the matrix' keys with values that occur, spelled as there: an exclude, where, of, to.
Cell read_part(const Scenario& scenario, const Node& node, const std::string& what,
               bool with_included);

// Whether both texts, as said in the scenario `file`, mean one value of the setting.
bool same_value(const std::string& file, const std::string& key, const std::string& left,
                const std::string& right);

// All cells in the order of the trials. Throws base::Error (user) where they are too many.
std::vector<Cell> make_cells(const Scenario& scenario);

// "boot-count[paging=shadow]".
std::string cell_name(const Scenario& scenario, const Cell& cell);

// The names of its trials in their order, warm-ups first: "boot-count[paging=shadow]#2".
std::vector<std::string> trial_names(const Scenario& scenario, const Cell& cell);

// The scenario's settings with the cell's on top; paging is not decided yet.
Settings cell_settings(const Scenario& scenario, const Cell& cell);

}  // namespace lab::scenario
