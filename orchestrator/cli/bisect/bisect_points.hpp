// SPDX-License-Identifier: MIT
// Finds the points of a bisection: commits of a kernel tree, or a setting's values.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/bisect/log.hpp"
#include "orchestrator/bisect/search.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"

namespace lab::cli {

struct BisectPoints {
  std::string setting;                // "kvm.kernel"
  std::vector<bisect::Point> points;  // the old end first: the good one, or for a fix the bad one
};

// Throws a user error where there are fewer than two, or where the tree has no such commits.
BisectPoints find_points(const bisect::Request& request);

// Returns request.over with each value as the scenario's trials name it: "guest.memory=512 MiB" for
// "guest.memory=512M", and paths from the root. Throws a user error for what is no such value.
std::string over_in_full(const bisect::Request& request, const TrialOptions& options);

std::string in_words(const bisect::Point& point);  // "f2bdabfc1bc3 KVM: what it says", "6.12"

}  // namespace lab::cli
