// SPDX-License-Identifier: MIT
// Pieces of text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lab::base {

// What stands between the separators; "" has one part, which is empty.
std::vector<std::string_view> split(std::string_view text, char separator);

// One word of a shell, in single quotes.
std::string shell_quoted(std::string_view text);

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: the text does not begin with valid UTF-8
};

// By RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. The text is not empty.
CodePoint first_code_point(std::string_view text);

}  // namespace lab::base
