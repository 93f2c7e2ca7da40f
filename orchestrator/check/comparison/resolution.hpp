// SPDX-License-Identifier: MIT
// What a check could have seen: how large a change its samples hide, and from which size on it
// would have found one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"

namespace lab::check {

// The interval's far end is so much further away than the interval is wide, in one of some 300 rows
// of which nothing has changed: samples meet far apart by chance.
inline constexpr double chance_reaches = 2.5;

// Of one row, in exits.
struct Resolution {
  Row row;
  double floor = 0;       // the size that matters; 0: any
  double could_miss = 0;  // so many more may be there, at 95 %; infinite: too few trials
  double by_trials = 0;   // the same, were whole runs to differ by nothing
  double would_find = 0;  // so many more, and the check would have called them; may be infinite

  // could_miss in floors; 0 where nothing is missed or the row has no floor, as no number of
  // trials excludes any change at all.
  double floors_missed() const;
};

// `alpha`: what a single test of the check has to go below. `floor`: find_floor() the row.
Resolution resolve(const Row& row, const Cell& a, const Cell& b, double floor, double alpha);

// "could have missed +45 % of INTR of boot (+12 % of total of boot, 3 more): …" and how many trials
// a side would do, of rows that hide changes of more than `floors` floors; "" where there are none.
std::string missed_text(std::span<const Resolution> all, double floors, std::size_t a_trials,
                        std::size_t b_trials);

// "+45 % of INTR of boot"; of what had no exits before "+12 exits of INTR of boot".
std::string size_text(const Row& row, double exits);

}  // namespace lab::check
