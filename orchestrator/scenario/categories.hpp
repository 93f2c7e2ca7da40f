// SPDX-License-Identifier: MIT
// Defines the words for exit reasons and for exits::Category.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::scenario {

inline constexpr exits::Vendor vendors[] = {exits::Vendor::vmx, exits::Vendor::svm};

std::span<const std::string_view> category_words();  // in the enumeration's order
std::optional<exits::Category> parse_category(std::string_view word);

// Returns whether the text is "total", or a reason's name or number of either vendor.
bool names_reason(std::string_view text);
std::vector<std::string_view> reason_words();  // "total", then both vendors' names

}  // namespace lab::scenario
