// SPDX-License-Identifier: MIT
// Formats a number with its noun, singular for 1: "1 trial", "2 trials".
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace lab::base {

// `number` is as printed ("1,234"), `noun` in the singular.
inline std::string counted(std::string_view number, std::string_view noun) {
  return std::string(number) + " " + std::string(noun) + (number == "1" ? "" : "s");
}

inline std::string counted(std::integral auto number, std::string_view noun) {
  return counted(std::to_string(number), noun);
}

}  // namespace lab::base
