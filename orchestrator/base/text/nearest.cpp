// SPDX-License-Identifier: MIT
#include "orchestrator/base/text/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace lab::base {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> known) {
  if (text.size() > 64 || known.empty()) return "";
  const auto nearest =
      std::ranges::min_element(known, {}, [&](auto word) { return edit_distance(text, word); });
  // A word that differs in more than about a third of its letters is another word.
  if (edit_distance(text, *nearest) > (text.size() + 2) / 3) return "";
  return ", did you mean '" + std::string(*nearest) + "'?";
}

}  // namespace lab::base
