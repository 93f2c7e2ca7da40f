// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/categories.hpp"

#include <algorithm>

namespace lab::scenario {

std::span<const std::string_view> category_words() {
  static const auto words = [] {
    std::vector<std::string_view> all;
    for (int i = 0; i <= int(exits::Category::other); ++i) {  // the last one
      all.push_back(exits::to_string(exits::Category(i)));
    }
    return all;
  }();
  return words;
}

std::optional<exits::Category> parse_category(std::string_view word) {
  const auto words = category_words();
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return exits::Category(found - words.begin());
}

bool names_reason(std::string_view text) {
  return text == "total" || std::ranges::any_of(vendors, [&](exits::Vendor vendor) {
           return exits::parse_reason(vendor, text).has_value();
         });
}

std::vector<std::string_view> reason_words() {
  std::vector<std::string_view> words = {"total"};
  for (const exits::Vendor vendor : vendors) {
    for (const exits::Reason& reason : exits::reasons(vendor)) words.push_back(reason.name);
  }
  return words;
}

}  // namespace lab::scenario
