// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/floors.hpp"

#include <algorithm>
#include <cmath>

namespace lab::check {
namespace {

// Returns the scenario's own floor for the row; a reason's takes precedence over its category's.
const scenario::Floor* own_floor(const Row& row, const Floors& floors, exits::Vendor vendor) {
  const scenario::Floor* of_category = nullptr;
  for (const scenario::Floor& floor : floors.own) {
    if (floor.category) {
      if (row.kind != Row::Kind::total && floor.category == row.category) of_category = &floor;
    } else if (row.kind == Row::Kind::total
                   ? floor.reason == "total"
                   : exits::parse_reason(vendor, floor.reason) == std::optional(row.number)) {
      return &floor;
    }
  }
  return of_category;
}

// Failed entries and exits that lab has no name for have no floor: a single one matters.
bool has_no_floor(const Row& row) {
  return row.kind != Row::Kind::total &&
         (row.category == exits::Category::failure || row.category == exits::Category::other);
}

// Returns the largest change in the row's direction that its samples allow, in exits.
double far_end(const Row& row) {
  if (row.intermittent) return row.beyond_median - row.a.median;
  const double sign = row.is_more() ? 1 : -1;
  return std::max({std::abs(row.change()), sign * row.difference.low, sign * row.difference.high});
}

}  // namespace

std::optional<double> find_floor(const Row& row, const Floors& floors, exits::Vendor vendor) {
  if (const scenario::Floor* own = own_floor(row, floors, vendor)) {
    if (!own->share) return std::nullopt;
    return *own->share * row.a.median;
  }
  if (has_no_floor(row)) return 0;
  const double of_total = floors.total * row.step_total;
  const bool is_large = row.kind != Row::Kind::total && row.large >= floors.many;
  return is_large ? std::min(of_total, floors.reason * row.a.median) : of_total;
}

bool matters(const Row& row, const Floors& floors, exits::Vendor vendor) {
  const std::optional<double> floor = find_floor(row, floors, vendor);
  const double change = far_end(row);
  return floor && change > 0 && change >= *floor;
}

bool is_judged(const Row& row, const Floors& floors, exits::Vendor vendor) {
  if (row.kind == Row::Kind::category) return false;
  if (const scenario::Floor* own = own_floor(row, floors, vendor)) return own->share.has_value();
  if (has_no_floor(row)) return row.most > 0;
  return row.kind == Row::Kind::total || row.large >= floors.many ||
         row.large >= floors.total * row.step_large;
}

}  // namespace lab::check
