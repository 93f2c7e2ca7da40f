// SPDX-License-Identifier: MIT
// Finds the points of a bisection: commits of a kernel tree, or a setting's values.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/bisect/log.hpp"
#include "orchestrator/bisect/search.hpp"

namespace lab::cli {

struct BisectPoints {
  std::string setting;                // "kvm.kernel"
  std::vector<bisect::Point> points;  // the old end first: the good one, or for a fix the bad one
};

// Throws a user error where there are fewer than two, or where the tree has no such commits.
BisectPoints find_points(const bisect::Request& request);

// Returns "KEY=VALUE,VALUE" with the setting's full name and paths from the root: as the trials
// have them in their names, and the same in any folder. Throws a user error where a path has a
// comma.
std::string over_in_full(const bisect::Request& request);

// Returns "KEY=VALUE", also of an axis of the matrix, with paths from the root.
std::string set_in_full(const std::string& set);

std::string in_words(const bisect::Point& point);  // "f2bdabfc1bc3 KVM: what it says", "6.12"

}  // namespace lab::cli
