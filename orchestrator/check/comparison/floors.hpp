// SPDX-License-Identifier: MIT
// Decides which size of a change matters.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::check {

// Defines the size that matters where the scenario does not. A change of a reason matters when it
// is `total` of its step's total, or `reason` of itself where it has `many` exits. Reasons of the
// categories failure and other have no floor: any change there matters.
struct Floors {
  double total = 0.01;
  double reason = 0.05;
  double many = 1000;
  std::vector<scenario::Floor> own;  // the scenario's
};

// Returns the least change of the row that matters, in exits; 0: any does; nullopt: none does.
std::optional<double> find_floor(const Row& row, const Floors& floors, exits::Vendor vendor);

// Returns whether the row's change could be as large as its floor: the far end of the difference's
// interval reaches it. (The median alone would miss a change of just the floor's size every other
// time.) Both sides must have that vendor.
bool matters(const Row& row, const Floors& floors, exits::Vendor vendor);

// Returns whether the gate judges the row: totals, and reasons that are large enough to matter,
// have a floor of their own, or have none.
bool is_judged(const Row& row, const Floors& floors, exits::Vendor vendor);

}  // namespace lab::check
