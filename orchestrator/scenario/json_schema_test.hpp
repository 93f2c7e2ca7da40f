// SPDX-License-Identifier: MIT
// As much of JSON Schema (draft 07) as scenarios/schema.json uses; another keyword is an error.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// As YAML 1.2 reads it: plain scalars may be numbers, booleans or null.
nlohmann::json to_json(const Node& node);

// The path and keyword of the first thing that `schema` does not allow; "" where all is allowed.
std::string first_violation(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace lab::scenario
