// SPDX-License-Identifier: MIT
// Finds line ends that some programs know and others do not. In text that people write they hide
// what follows, as a comment ends with its line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lab::base {

// Is a lone carriage return, U+0085, U+2028 or U+2029. Line and character column count from 1.
struct OddLineEnd {
  int line = 1, column = 1;
  std::string name;
};

// Returns the first one in the text, which is UTF-8.
std::optional<OddLineEnd> find_odd_line_end(std::string_view text);

// Returns "U+2028 (line separator) is no end of a line here" and the remedy.
std::string describe(const OddLineEnd& end);
inline constexpr const char* odd_line_end_remedy =
    "end lines by a line feed, with or without a carriage return before it";

}  // namespace lab::base
