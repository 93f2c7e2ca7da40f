// SPDX-License-Identifier: MIT
// Reads and writes a step's causes as JSON: `causes` and `causes_lost`, absent where empty.
#pragma once

#include "orchestrator/record/json/json_fields.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::record {

void write_causes(const Step& step, ordered_json& object);
// Throws an infrastructure error where malformed or where the sums differ from the step's reasons.
void read_causes(const ordered_json& object, Step& step);

// Returns the bytes that a cause takes in a stored record, with the comma behind it.
std::size_t json_size(const Cause& cause, std::string_view reason);

}  // namespace lab::record
