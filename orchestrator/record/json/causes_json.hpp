// SPDX-License-Identifier: MIT
// The causes of a step as JSON: `causes` and `causes_lost`, absent where there are none.
#pragma once

#include "orchestrator/record/json/json_fields.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::record {

void write_causes(const Step& step, ordered_json& object);
// Error (infrastructure) on anything malformed, or where they do not add up to the step's reasons.
void read_causes(const ordered_json& object, Step& step);

// So many bytes a cause takes in a record that is kept, with the comma behind it.
std::size_t json_size(const Cause& cause, std::string_view reason);

}  // namespace lab::record
