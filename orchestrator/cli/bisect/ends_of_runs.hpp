// SPDX-License-Identifier: MIT
// Sets up a bisection between two runs of the store.
#pragma once

#include <string>

#include "orchestrator/bisect/log.hpp"

namespace lab::cli {

// Sets the source and both ends of a request from two runs of the store (or two records), "A..B",
// each on a commit of a kernel tree; also its scenario and site where it has none. Puts settings
// that the runs had and the scenario lacks in front of the request's own. Throws a user error where
// no bisection can be between them: they differ in more than the commit, or the scenario has
// changed since.
void take_ends_of_runs(bisect::Request& request, const std::string& runs, const std::string& store);

}  // namespace lab::cli
