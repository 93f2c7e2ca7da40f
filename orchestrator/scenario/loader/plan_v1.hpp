// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

// Reads a plan without a version. Does not validate it. Throws nlohmann::json::exception or
// base::Error.
TrialPlan plan_from_v1(const nlohmann::ordered_json& object);

}  // namespace lab::scenario
