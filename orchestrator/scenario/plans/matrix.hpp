// SPDX-License-Identifier: MIT
// Reads the matrix and makes its cells.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {

inline constexpr std::uint64_t trial_limit = 100000;

// Reads the axes, then exclude and include. Throws base::Error (user).
void read_matrix(Draft& draft, const Node& node);
// `file` is the scenario's.
Axis read_axis(const std::string& file, const std::string& key, const Entry& entry);

// Reads some of the matrix' keys with values that occur in it, spelled as there: for exclude,
// where, of and to.
Cell read_part(const Scenario& scenario, const Node& node, const std::string& what,
               bool with_included);

// Returns whether both texts, in the scenario `file`, give the setting the same value.
bool same_value(const std::string& file, const std::string& key, const std::string& left,
                const std::string& right);

// Returns all cells in the order of the trials. Throws base::Error (user) where they are too many.
std::vector<Cell> make_cells(const Scenario& scenario);

// Returns a name such as "boot-count[paging=shadow]".
std::string cell_name(const Scenario& scenario, const Cell& cell);

// Returns the names of its trials in order, warm-ups first: "boot-count[paging=shadow]#2".
std::vector<std::string> trial_names(const Scenario& scenario, const Cell& cell);

// Returns the scenario's settings with the cell's applied; paging is not decided yet.
Settings cell_settings(const Scenario& scenario, const Cell& cell);

}  // namespace lab::scenario
