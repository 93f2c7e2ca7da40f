// SPDX-License-Identifier: MIT
// Suggests the known word that an unknown one was likely meant to be.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lab::base {

// Counts the letters to insert, remove or replace to turn one text into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Returns ", did you mean 'x'?" for the nearest of `known`; "" where none is near.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> known);

}  // namespace lab::base
