// SPDX-License-Identifier: MIT
// Which size of a change matters.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::check {

// The size that matters, where the scenario says nothing else. A change of a reason matters when
// it is `total` of its step's total, or `reason` of itself where it has `many` exits. Reasons of
// the categories failure and other have no floor: whatever changes there matters.
struct Floors {
  double total = 0.01;
  double reason = 0.05;
  double many = 1000;
  std::vector<scenario::Floor> own;  // the scenario's
};

// The least change of the row that matters, in exits; 0: any. nullopt where none ever matters.
std::optional<double> find_floor(const Row& row, const Floors& floors, exits::Vendor vendor);

// Whether the row's change could be as large as its floor: the far end of the difference's interval
// reaches it. (By the median alone a change of just the floor's size would be missed every other
// time.) Both sides have that vendor.
bool matters(const Row& row, const Floors& floors, exits::Vendor vendor);

// Whether the gate looks at the row at all: totals, and reasons that are large enough to matter
// or have a floor of their own, or none.
bool is_judged(const Row& row, const Floors& floors, exits::Vendor vendor);

}  // namespace lab::check
