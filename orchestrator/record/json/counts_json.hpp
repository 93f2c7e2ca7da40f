// SPDX-License-Identifier: MIT
// Encodes the counts and conditions that comparisons read, for the store only.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/record/counts.hpp"

namespace lab::record {

// Writes {"steps":[{"step":"boot","guest":1,"exits":9,"reasons":[48,7,123,2]}],"phases":...} with
// reasons as number, exits, number, exits: half the bytes and a third of the time of pairs.
std::string counts_to_json(const TrialCounts& counts);

// Adds steps and phases. Throws an infrastructure error on anything malformed, as from_json().
void counts_from_json(std::string_view json, TrialCounts& counts);

// Equal conditions give equal texts, as the keys are sorted.
std::string conditions_to_json(const Conditions& conditions);
Conditions conditions_from_json(std::string_view json);

}  // namespace lab::record
