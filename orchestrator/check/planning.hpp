// SPDX-License-Identifier: MIT
// Plans how many trials a check needs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/check/gate.hpp"

namespace lab::check {

// Applies whatever the baseline has: among fewer new trials, a few that are high by chance would be
// the majority.
inline constexpr std::size_t fewest_new_trials = 8;
// From this number on, the interval from least to most contains the median with 95 % confidence.
inline constexpr std::size_t fewest_for_an_interval = 6;
inline constexpr std::size_t most_planned_trials = 30;
inline constexpr std::size_t tests_a_row = 2;  // by ranks, and beyond the baseline's most

// Returns the new trials of each of the scenario's cells that a check of all these cells needs: 1
// where its cells are deterministic. Otherwise as many as can show a difference, at least
// fewest_new_trials, and as many as let an unchanged cell pass, estimated from the baseline's
// spread, where most_planned_trials suffice for that. Returns nullopt where the baseline has too
// few trials for any number of new ones. `site` selects the baseline's cells that are checked
// together; "" selects all.
std::optional<std::size_t> trials_for(const std::string& scenario,
                                      const std::vector<Cell>& baseline, const std::string& site,
                                      const GateOptions& options);

// Returns the fewest trials a side with which `tests` simultaneous tests can show a difference.
std::size_t trials_needed(double alpha, std::size_t tests);

}  // namespace lab::check
