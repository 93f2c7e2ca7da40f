// SPDX-License-Identifier: MIT
// Converts a plan to a JSON object and back, for use inside other objects.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

nlohmann::ordered_json to_object(const TrialPlan& plan);
// Also reads a plan that an older lab wrote. Validates as parse() does; throws base::Error.
TrialPlan plan_from_object(const nlohmann::ordered_json& object);

// Reads a plan without a version, as older labs wrote it, and does not validate it (plan_v1.cpp).
// Throws nlohmann::json::exception or base::Error.
TrialPlan plan_from_v1(const nlohmann::ordered_json& object);

}  // namespace lab::scenario
