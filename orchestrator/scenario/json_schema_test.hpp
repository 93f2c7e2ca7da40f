// SPDX-License-Identifier: MIT
// Implements as much of JSON Schema (draft 07) as scenarios/schema.json uses; another keyword is an
// error.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// Converts a node as YAML 1.2 reads it: plain scalars may be numbers, booleans or null.
nlohmann::json to_json(const Node& node);

// Returns the path and keyword of the first violation of `schema`; "" where all is allowed.
std::string first_violation(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace lab::scenario
