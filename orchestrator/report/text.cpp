// SPDX-License-Identifier: MIT
#include "orchestrator/report/text.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "orchestrator/base/text.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {
namespace {

// Returns whether a code point reorders, hides or breaks text without being visible itself.
bool is_invisible(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range ranges[] = {
      {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
      {0x2060, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};
  return std::ranges::any_of(
      ranges, [=](const Range& range) { return range.first <= c && c <= range.last; });
}

// Returns whether it is one of Unicode's 66 noncharacters; XML forbids U+FFFE and U+FFFF of them.
bool is_no_character(char32_t c) {
  return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

std::string show(std::string_view text, const base::CodePoint& decoded, bool lines) {
  const char32_t c = decoded.value;
  if (decoded.bytes == 0) return fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
  if (lines && (c == '\n' || c == '\t')) return std::string(1, text[0]);
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return fmt::format("\\x{:02x}", unsigned(c));
  if (is_invisible(c) || is_no_character(c)) return fmt::format("\\u{{{:04X}}}", unsigned(c));
  return std::string(text.substr(0, decoded.bytes));
}

// Appends the text, padded with blanks in front of it or behind it.
void append_aligned(std::string& line, const std::string& text, std::size_t columns,
                    Column::Align align) {
  const std::size_t blanks = columns - std::min(columns, width(text));
  if (align == Column::Align::right) line.append(blanks, ' ');
  line += text;
  if (align == Column::Align::left) line.append(blanks, ' ');
}

}  // namespace

std::string printable(std::string_view text, bool lines) {
  if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }))
    return std::string(text);
  std::string result;
  while (!text.empty()) {
    // The serial console ends its lines with both characters.
    if (lines && text.starts_with("\r\n")) text.remove_prefix(1);
    const base::CodePoint decoded = base::first_code_point(text);
    result += show(text, decoded, lines);
    text.remove_prefix(std::max<std::size_t>(1, decoded.bytes));
  }
  return result;
}

std::string thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string thousands_or_dash(std::optional<std::uint64_t> number) {
  return number ? thousands(*number) : "-";
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  bool in_ink = false;
  for (const char c : text) {
    in_ink = in_ink || c == '\x1b';
    columns += !in_ink && (c & 0xc0) != 0x80 ? 1 : 0;
    in_ink = in_ink && c != 'm';
  }
  return columns;
}

std::string clip(const std::string& text, std::size_t columns) {
  if (width(text) <= columns) return text;
  std::size_t end = 0, seen = 0;
  while (end < text.size() && ((text[end] & 0xc0) == 0x80 || seen++ < columns - 1)) ++end;
  return text.substr(0, end) + "…";
}

Columns::Columns(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(column.least);
}

void Columns::measure(std::span<const std::string> cells) {
  for (std::size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i)
    widths_[i] = std::max(widths_[i], std::min(width(cells[i]), columns_[i].most));
}

void Columns::fit(std::size_t column, std::size_t least, std::size_t line_columns) {
  std::size_t all = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) all += columns_[i].gap + widths_[i];
  const std::size_t excess = all - std::min(all, line_columns);
  if (excess == 0) return;
  widths_[column] = std::max(widths_[column], least + excess) - excess;
  columns_[column].most = widths_[column];
}

std::string Columns::line(std::span<const std::string> cells) const {
  std::string line;
  for (std::size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i) {
    line.append(columns_[i].gap, ' ');
    append_aligned(line, clip(cells[i], columns_[i].most), widths_[i], columns_[i].align);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Columns::line(std::initializer_list<std::string> cells) const {
  return line(std::span(cells.begin(), cells.size()));
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t columns) {
  std::string result, line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && indent + width(line) + 1 + width(word) > columns) {
      result += std::string(indent, ' ') + std::exchange(line, "") + "\n";
    }
    line.append(line.empty() ? "" : " ").append(word);
  }
  return line.empty() ? result : result + std::string(indent, ' ') + line + "\n";
}

std::string hanging(const std::string& label, std::string_view text, std::size_t columns,
                    std::size_t indent) {
  indent = std::max(indent, width(label));
  return wrap(printable(text), indent, columns).replace(0, width(label), label);
}

std::string one_line(std::string_view text) {
  return fmt::format("{}", fmt::join(base::split_words(text), " "));
}

std::string with_backslashes(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : printable(text)) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string markdown_text(std::string_view text) {
  std::string result = with_backslashes(text, "\\`*_{}[]()<>#|&~!@$:");
  // The colon and this point would make links of https: and www.
  for (std::size_t at = 0; (at = result.find("www.", at)) != std::string::npos; at += 4)
    result.insert(at + 3, 1, '\\');
  return result;
}

std::string share(double exits, double total) {
  if (total == 0) return "-";
  const double percent = 100 * exits / total;
  return exits > 0 && percent < 0.05 ? "<0.1" : fmt::format("{:.1f}", percent);
}

std::string exits_text(double exits) {
  if (exits >= 0x1p63) return fmt::format("{:.3g}", exits);
  return thousands(std::uint64_t(std::llround(exits)));
}

std::string signed_text(double exits) {
  return (exits < 0 ? "-" : "+") + exits_text(std::abs(exits));
}

std::string rate_text(double rate) {
  return rate < 9.95 && rate != std::round(rate) ? fmt::format("{:.1f}", rate) : exits_text(rate);
}

std::string csv_field(const std::string& text) {
  std::string field = printable(text);
  if (!field.empty() && std::string_view("=+-@").find(field[0]) != std::string_view::npos)
    field.insert(0, 1, '\'');
  return field.find_first_of(",\"") == std::string::npos ? field : base::double_quoted(field);
}

std::string ink(const Style& style, Ink colour, const std::string& text) {
  if (!style.colour) return text;
  static constexpr std::array codes = {"1", "2", "32", "31", "33"};
  return fmt::format("\x1b[{}m{}\x1b[0m", codes[std::size_t(colour)], text);
}

std::string outcomes_text(std::span<const record::Record> records) {
  std::map<record::Outcome, std::size_t> numbers;
  for (const record::Record& record : records) ++numbers[record.outcome];
  std::string text;
  for (const auto& [outcome, number] : numbers)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, to_string(outcome));
  return text;
}

std::string check_in_words(const exits::Check& check) {
  return fmt::format("{}: {} | {}{}{}", check.name, thousands_or_dash(check.left),
                     thousands_or_dash(check.right), check.detail.empty() ? "" : "; ",
                     check.detail);
}

std::string reason_name(const record::Record& record, std::uint32_t number) {
  const auto vendor = record::recorded_vendor(record.conditions);
  return vendor ? exits::reason_name(*vendor, number) : fmt::format("no. {}", number);
}

bool has_samples(const record::Record& record) {
  return record.timeline && !record.timeline->samples.empty();
}

}  // namespace lab::report
