// SPDX-License-Identifier: MIT
// Pieces of text.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lab::base {

// What stands between the separators; "" has one part, which is empty.
std::vector<std::string_view> split(std::string_view text, char separator);

// The lines without their line feeds; nothing stands behind the last one, which may lack its own.
std::vector<std::string_view> split_lines(std::string_view text);

// Removes the first word and the white space before it, and returns the word; "" where none is
// left.
std::string_view take_word(std::string_view& text);
// All words, between white space.
std::vector<std::string_view> split_words(std::string_view text);

std::string joined(const std::vector<std::string>& words, std::string_view between = " ");

// What stands before the first newline.
std::string_view first_line(std::string_view text);

// Without the blanks, tabs and line ends at both ends, or behind the text only.
std::string_view trimmed(std::string_view text);
std::string_view trimmed_end(std::string_view text);

// The last bytes of the text, at most so many, without what trimmed_end() leaves out.
std::string_view tail(std::string_view text, std::size_t most);

std::string lower(std::string_view text);  // ASCII's letters

// Each byte that is no printable ASCII is a '?'.
std::string printable_ascii(std::string_view text);

// The number that is the whole text and fits; nothing where there is none.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

// One word of a shell, in single quotes.
std::string shell_quoted(std::string_view text);

// In double quotes, where those of the text are doubled: a field of CSV, a name in SQL.
std::string double_quoted(std::string_view text);

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: the text does not begin with valid UTF-8
};

// By RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. The text is not empty.
CodePoint first_code_point(std::string_view text);

}  // namespace lab::base
