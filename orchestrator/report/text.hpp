// SPDX-License-Identifier: MIT
// Pieces of text output shared by the formats. For the report only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/record/record.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {

std::string thousands(std::uint64_t number);                         // "1,234,567"
std::string thousands_or_dash(std::optional<std::uint64_t> number);  // "-" where there is none

// Columns on a terminal, for text that printable() made: one a code point. What ink() adds has
// none.
std::size_t width(std::string_view text);
// At most so many columns, the last one "…" where something was cut.
std::string clip(const std::string& text, std::size_t columns);

// One column of a table. It is `least` wide until its cells are measured, and cells wider than
// `most` are clipped.
struct Column {
  enum class Align { left, right } align = Align::left;
  std::size_t least = 0;
  std::size_t gap = 2;  // blanks in front of it
  std::size_t most = std::string::npos;
};

inline constexpr auto on_right = Column::Align::right;

// The columns of a table that is printed: they align the cells of each row, which are printable.
class Columns {
 public:
  explicit Columns(std::vector<Column> columns);

  // Widens the columns to what the cells need.
  void measure(std::span<const std::string> cells);
  // Narrows one column, though not below `least`, until a line fits into so many.
  void fit(std::size_t column, std::size_t least, std::size_t line_columns);
  // The cells on one line, without blanks at its end. Cells beyond the last column are left out.
  std::string line(std::span<const std::string> cells) const;
  std::string line(std::initializer_list<std::string> cells) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
};

// Words on lines of at most `columns`, each beginning with `indent` blanks.
std::string wrap(std::string_view text, std::size_t indent, std::size_t columns);

// The same behind a label, the lines after the first one below what follows it, which is at least
// `indent` columns in. The text is made printable.
std::string hanging(const std::string& label, std::string_view text, std::size_t columns,
                    std::size_t indent = 0);

// Each row of blanks and newlines as one blank, none at the ends.
std::string one_line(std::string_view text);

inline constexpr std::size_t terminal_columns = 80;  // of every text for the terminal

// "12.3", "<0.1" or, without a total, "-": percent.
std::string share(std::uint64_t exits, std::uint64_t total);
std::string exits_text(double exits);  // a mean or a median, rounded: "1,234"
std::string rate_text(double rate);    // "1,234", "7", below ten "3.4"

// RFC 4180, after printable(): no control characters are left. What a spreadsheet would take for a
// formula (it begins with =, +, - or @) gets an apostrophe in front.
std::string csv_field(const std::string& text);

enum class Ink { bold, dim, green, red, yellow };
std::string ink(const Style& style, Ink colour, const std::string& text);

// "NPF of boot: …: 1,200 | 400, ratio 3, at least 2; …"
std::string relation_text(const record::RelationResult& relation);

bool is_emulated(const record::Record& record);
// The reason's name by the record's vendor.
std::string reason_name(const record::Record& record, std::uint32_t number);
std::string find_condition(const record::Record& record, std::string_view key);  // "" where unknown

}  // namespace lab::report
