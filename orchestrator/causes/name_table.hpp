// SPDX-License-Identifier: MIT
// Tables of names by number; for this folder's .cpp files only.
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

// "" where the number is not in the table, which is sorted by it.
inline std::string_view find_name(std::span<const Name> table, std::uint32_t number) {
  const auto found = std::ranges::lower_bound(table, number, {}, &Name::number);
  return found != table.end() && found->number == number ? found->name : std::string_view();
}

}  // namespace lab::causes
