// SPDX-License-Identifier: MIT
#include "orchestrator/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace lab::base {
namespace {

struct Lead {
  unsigned char mask, bits;
  std::size_t bytes;
  char32_t smallest;  // anything below is an overlong form
};

constexpr std::string_view white_space = " \t\r\n";

constexpr Lead leads[] = {
    {0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};

// In text that people write these ends hide what follows, as a comment ends with its line.
constexpr std::pair<std::string_view, std::string_view> odd_ends[] = {
    {"\r", "a lone carriage return"},
    {"\u0085", "U+0085 (next line)"},
    {"\u2028", "U+2028 (line separator)"},
    {"\u2029", "U+2029 (paragraph separator)"}};

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(white_space));
  text.remove_prefix(word.size());
  return word;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (auto word = take_word(text); !word.empty(); word = take_word(text)) words.push_back(word);
  return words;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
  return trimmed_end(text);
}

std::string_view trimmed_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(white_space) + 1);
}

std::string_view tail(std::string_view text, std::size_t most) {
  return trimmed_end(text.substr(text.size() - std::min(most, text.size())));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string printable_ascii(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(
      result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

std::string double_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) result.append(c == '"' ? 2 : 1, c);
  return result + "\"";
}

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (const Lead& lead : leads) {
    if ((byte(0) & lead.mask) != lead.bits) continue;
    if (text.size() < lead.bytes) return {};
    char32_t value = byte(0) & static_cast<unsigned char>(~lead.mask);
    for (std::size_t i = 1; i < lead.bytes; ++i) {
      if ((byte(i) & 0xc0) != 0x80) return {};
      value = value << 6 | (byte(i) & 0x3f);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < lead.smallest || value > 0x10ffff || surrogate) return {};
    return {value, lead.bytes};
  }
  return {};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = first_code_point(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> known) {
  if (text.size() > 64 || known.empty()) return "";
  const auto nearest =
      std::ranges::min_element(known, {}, [&](auto word) { return edit_distance(text, word); });
  // A word that differs in more than about a third of its letters is another word.
  if (edit_distance(text, *nearest) > (text.size() + 2) / 3) return "";
  return ", did you mean '" + std::string(*nearest) + "'?";
}

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
