// SPDX-License-Identifier: MIT
// Applies --set KEY=VALUE. For the loader only.
#pragma once

#include <string>

#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {

// Throws base::Error (user), whose place is "--set".
void apply_override(Draft& draft, const std::string& text);

}  // namespace lab::scenario
