// SPDX-License-Identifier: MIT
// How the store keeps the counts and conditions that comparisons read. For the store only.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/record/counts.hpp"

namespace lab::record {

// Steps and phases: {"steps":[{"step":"boot","guest":1,"exits":9,"reasons":[48,7,123,2]}],...},
// reasons as number, exits, number, exits: half the bytes and a third of the time of pairs.
std::string counts_to_json(const TrialCounts& counts);

// Adds steps and phases. base::Error (infrastructure) on anything malformed, as from_json().
void counts_from_json(std::string_view json, TrialCounts& counts);

// Equal conditions are equal texts: the keys are sorted.
std::string conditions_to_json(const Conditions& conditions);
Conditions conditions_from_json(std::string_view json);

}  // namespace lab::record
