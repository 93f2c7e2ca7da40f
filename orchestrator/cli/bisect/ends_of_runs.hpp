// SPDX-License-Identifier: MIT
// A bisection between two runs of the store.
#pragma once

#include <string>

#include "orchestrator/bisect/log.hpp"

namespace lab::cli {

// Sets the source and both ends of a request, and its scenario and site where it has none: as two
// runs of the store (or two records) had them, "A..B", of which each ran on a commit of a kernel
// tree. The settings that they had and the scenario does not have stand in front of the request's
// own. Error (user) where no bisection is between them: they differ in more than the commit, or
// the scenario has changed since.
void take_ends_of_runs(bisect::Request& request, const std::string& runs, const std::string& store);

}  // namespace lab::cli
