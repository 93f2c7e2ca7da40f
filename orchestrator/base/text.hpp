// SPDX-License-Identifier: MIT
// Pieces of text.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lab::base {

// Splits the text at each separator; "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

// Returns the lines without their line feeds. A line feed at the end, which may be missing, begins
// no further line.
std::vector<std::string_view> split_lines(std::string_view text);

// Removes the first word and the white space before it, and returns the word; "" where none is
// left.
std::string_view take_word(std::string_view& text);
// Returns the words that white space separates.
std::vector<std::string_view> split_words(std::string_view text);

std::string joined(const std::vector<std::string>& words, std::string_view between = " ");

// Returns the text before the first newline.
std::string_view first_line(std::string_view text);

// Return the text without blanks, tabs and line ends at both ends, or at its end only.
std::string_view trimmed(std::string_view text);
std::string_view trimmed_end(std::string_view text);

// Returns at most the last `most` bytes of the text, after trimmed_end().
std::string_view tail(std::string_view text, std::size_t most);

std::string lower(std::string_view text);  // ASCII letters only

// Replaces each byte that is no printable ASCII by '?'.
std::string printable_ascii(std::string_view text);

// Returns the number that the whole text is; nullopt where it is none or does not fit the type.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

// Quotes the text as one word of a shell, in single quotes.
std::string shell_quoted(std::string_view text);

// Puts the text in double quotes and doubles its own: for a field of CSV or a name in SQL.
std::string double_quoted(std::string_view text);

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: the text does not begin with valid UTF-8
};

// Follows RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Needs some text.
CodePoint first_code_point(std::string_view text);

// Says whether all of it is valid UTF-8, as JSON and YAML need it. A file's path need not be.
bool is_utf8(std::string_view text);

// Counts the letters to insert, remove or replace to turn one text into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Returns ", did you mean 'x'?" for the nearest of `known`; "" where none is near.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> known);

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
