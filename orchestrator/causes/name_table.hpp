// SPDX-License-Identifier: MIT
// Looks names up in tables by number; for this folder's .cpp files only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace lab::causes {

struct Name {
  std::uint32_t number;
  std::string_view name;
};

// Returns "" where the number is not in the table, which must be sorted by number.
inline std::string_view find_name(std::span<const Name> table, std::uint32_t number) {
  const auto found = std::ranges::lower_bound(table, number, {}, &Name::number);
  return found != table.end() && found->number == number ? found->name : std::string_view();
}

}  // namespace lab::causes
