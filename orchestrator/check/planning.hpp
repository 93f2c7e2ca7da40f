// SPDX-License-Identifier: MIT
// How many trials a check needs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/check/gate.hpp"

namespace lab::check {

// Whatever the baseline has: of fewer new ones some that are high by chance are most of them.
inline constexpr std::size_t fewest_new_trials = 8;
// From here on least to most of the trials has 95 % confidence to contain the median.
inline constexpr std::size_t fewest_for_an_interval = 6;
inline constexpr std::size_t most_planned_trials = 30;
inline constexpr std::size_t tests_a_row = 2;  // by ranks, and beyond the baseline's most

// New trials of each cell of the scenario that a check of all these cells needs: 1 where its cells
// are deterministic. Else so many that something can be shown, at least fewest_new_trials; and
// where up to most_planned_trials let what is as usual pass, as far as the baseline's spread tells,
// so many. nullopt where the baseline has so few that no number of new ones could show anything.
// `site`: whose cells are checked together, of the baseline's; all where it is empty.
std::optional<std::size_t> trials_for(const std::string& scenario,
                                      const std::vector<Cell>& baseline, const std::string& site,
                                      const GateOptions& options);

// Trials a side that are needed so that `tests` of them at once can show anything.
std::size_t trials_needed(double alpha, std::size_t tests);

}  // namespace lab::check
