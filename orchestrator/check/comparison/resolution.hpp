// SPDX-License-Identifier: MIT
// Computes how large a change a check's samples may hide, and from which size on it would have
// found one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"

namespace lab::check {

// In one of some 300 unchanged rows, chance moves the samples so far apart that the interval's far
// end lies this many of its widths away.
inline constexpr double chance_reaches = 2.5;

// Is the resolution of one row, in exits.
struct Resolution {
  Row row;
  double floor = 0;       // the size that matters; 0: any
  double could_miss = 0;  // at most so many more, at 95 %; infinite: too few trials
  double by_trials = 0;   // the same, were runs not to differ
  double would_find = 0;  // from so many more on the check would report them; may be infinite

  // Returns could_miss in floors; 0 where nothing is missed or the row has no floor, as no number
  // of trials excludes every change.
  double floors_missed() const;
};

// `alpha` is the level of a single test of the check, `floor` the row's find_floor().
Resolution resolve(const Row& row, const Cell& a, const Cell& b, double floor, double alpha);

// Returns "could have missed +45 % of INTR of boot, +12 % of total of boot, 3 more: …" and how many
// trials a side would do, for rows that hide more than `floors` floors; "" without such rows.
std::string missed_text(std::span<const Resolution> all, double floors, std::size_t a_trials,
                        std::size_t b_trials);

// Returns "+45 % of INTR of boot", or "+12 exits of INTR of boot" where there were none before.
std::string size_text(const Row& row, double exits);

}  // namespace lab::check
