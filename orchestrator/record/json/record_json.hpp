// SPDX-License-Identifier: MIT
// Converts a record to and from a JSON object, for use within other JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "orchestrator/record/record.hpp"

namespace lab::record {

nlohmann::ordered_json to_object(const Record& record);
// Throws an infrastructure error on anything malformed.
Record from_object(const nlohmann::ordered_json& object);

}  // namespace lab::record
