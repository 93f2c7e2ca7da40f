// SPDX-License-Identifier: MIT
// A whole scenario's cells against everything that is known without a guest. For the loader only.
#pragma once

#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {

// Throws base::Error (user) with the place. Where --set narrowed the matrix, entries that mean no
// cell any more are dropped; otherwise they are errors.
void check(Draft& draft);

// The steps with the default timeouts where they name none.
std::vector<Step> steps_with_timeouts(const Scenario& scenario);

}  // namespace lab::scenario
