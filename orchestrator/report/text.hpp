// SPDX-License-Identifier: MIT
// Provides text helpers that the formats share.
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

// Returns the columns that text from printable() takes on a terminal: one a code point. Colours
// that ink() adds take none.
std::size_t width(std::string_view text);
// Cuts text to at most so many columns; the last one is "…" where something was cut.
std::string clip(const std::string& text, std::size_t columns);

// Describes one column of a table. It is `least` wide until its cells are measured; cells wider
// than `most` are clipped.
struct Column {
  enum class Align { left, right } align = Align::left;
  std::size_t least = 0;
  std::size_t gap = 2;  // blanks in front of it
  std::size_t most = std::string::npos;
};

inline constexpr auto on_right = Column::Align::right;

// Aligns the cells of a printed table's rows; the cells must be printable().
class Columns {
 public:
  explicit Columns(std::vector<Column> columns);

  // Widens the columns to fit the cells.
  void measure(std::span<const std::string> cells);
  // Narrows one column, but not below `least`, until a line fits into so many columns.
  void fit(std::size_t column, std::size_t least, std::size_t line_columns);
  // Returns the cells as one line, without blanks at its end. Drops cells beyond the last column.
  std::string line(std::span<const std::string> cells) const;
  std::string line(std::initializer_list<std::string> cells) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
};

// Breaks text into lines of at most `columns`, each beginning with `indent` blanks.
std::string wrap(std::string_view text, std::size_t indent, std::size_t columns);

// Wraps text behind a label; later lines align with the text after the label, at least `indent`
// columns in. Makes the text printable.
std::string hanging(const std::string& label, std::string_view text, std::size_t columns,
                    std::size_t indent = 0);

// Replaces each run of white space by one blank, and removes it at the ends.
std::string one_line(std::string_view text);

// Returns printable() text with a backslash before each of these characters.
std::string with_backslashes(std::string_view text, std::string_view special);
// The same before all that is Markdown or HTML syntax.
std::string markdown_text(std::string_view text);

inline constexpr std::size_t terminal_columns = 80;  // of every text for the terminal

// Returns percent: "12.3", "<0.1" or, without a total, "-".
std::string share(double exits, double total);
std::string exits_text(double exits);   // a mean or a median, rounded: "1,234"
std::string signed_text(double exits);  // "+1,234", "-5"
std::string rate_text(double rate);     // "1,234", "7", below ten "3.4"

// Quotes a field as in RFC 4180, after printable(), which removes control characters. Text that a
// spreadsheet would take for a formula (it begins with =, +, - or @) gets an apostrophe in front.
std::string csv_field(const std::string& text);

enum class Ink { bold, dim, green, red, yellow };
std::string ink(const Style& style, Ink colour, const std::string& text);

// Returns "2 passed, 1 failed".
std::string outcomes_text(std::span<const record::Record> records);

// Returns "guest = host: boot: 1,234 | 1,235; DETAIL", not printable.
std::string check_in_words(const exits::Check& check);

// Returns "NPF of boot: …: 1,200 | 400, ratio 3, at least 2; …".
std::string relation_text(const record::RelationResult& relation);

// Returns the reason's name for the record's vendor.
std::string reason_name(const record::Record& record, std::uint32_t number);

bool has_samples(const record::Record& record);  // of a timeline
// Returns "" where the record has no such samples, else a summary in a few lines: rates and
// steadiness of the timeline's parts, its busiest moments.
std::string timeline_text(const record::Record& record, const Style& style);
// Explains `variation` (record/rates.hpp) in one line.
std::string variation_meaning(double window);
// Returns "init → multi-user" or a step's name: where in the trial that second lies; may be empty.
std::string place_at(const record::Record& record, double second);

}  // namespace lab::report
