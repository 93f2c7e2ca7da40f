// SPDX-License-Identifier: MIT
#include "orchestrator/base/text/line_ends.hpp"

#include <utility>

namespace lab::base {
namespace {

constexpr std::pair<std::string_view, std::string_view> odd_ends[] = {
    {"\r", "a lone carriage return"},
    {"\u0085", "U+0085 (next line)"},
    {"\u2028", "U+2028 (line separator)"},
    {"\u2029", "U+2029 (paragraph separator)"}};

}  // namespace

std::optional<OddLineEnd> find_odd_line_end(std::string_view text) {
  int line = 1, column = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("\r\n")) continue;
    for (const auto& [end, name] : odd_ends)
      if (rest.starts_with(end)) return OddLineEnd{line, column, std::string(name)};
    const bool begins_character = (text[i] & 0xc0) != 0x80;
    line += text[i] == '\n';
    column = text[i] == '\n' ? 1 : column + begins_character;
  }
  return std::nullopt;
}

std::string describe(const OddLineEnd& end) {
  return end.name + " is no end of a line here";
}

}  // namespace lab::base
