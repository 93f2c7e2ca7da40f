// SPDX-License-Identifier: MIT
// Which of the words that there are was likely meant by one that there is not.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lab::base {

// Letters to insert, remove or replace to make one of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// ", did you mean 'x'?" for the nearest of `known`; empty where none is near.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> known);

}  // namespace lab::base
