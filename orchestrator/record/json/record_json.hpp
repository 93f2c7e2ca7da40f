// SPDX-License-Identifier: MIT
// A record as a JSON object, for what holds it besides other things.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "orchestrator/record/record.hpp"

namespace lab::record {

nlohmann::ordered_json to_object(const Record& record);
// Error (infrastructure) on anything malformed.
Record from_object(const nlohmann::ordered_json& object);

}  // namespace lab::record
