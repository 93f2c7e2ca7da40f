// SPDX-License-Identifier: MIT
// Converts a comparison to JSON, for the formats that contain one. Used by the report only.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"

namespace lab::report {

nlohmann::ordered_json comparison_object(const check::Comparison& comparison);
// Returns {"key": {"a": ..., "b": ...}}.
nlohmann::ordered_json differences_json(const std::vector<check::Difference>& differences);

}  // namespace lab::report
