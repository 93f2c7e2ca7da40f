// SPDX-License-Identifier: MIT
// Checks all cells of a scenario against everything that is known without a guest. For the loader
// only.
#pragma once

#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {

// Throws base::Error (user) with the place. Where --set narrowed the matrix, drops the entries that
// match no cell any more; otherwise they are errors.
void check(Draft& draft);

// Returns the steps, with the default timeouts where they name none.
std::vector<Step> steps_with_timeouts(const Scenario& scenario);

}  // namespace lab::scenario
