// SPDX-License-Identifier: MIT
// The words of exits::Category, both ways.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "orchestrator/exits/reasons.hpp"

namespace lab::scenario {

std::span<const std::string_view> category_words();  // in the enumeration's order
std::optional<exits::Category> parse_category(std::string_view word);

}  // namespace lab::scenario
