// SPDX-License-Identifier: MIT
// Pieces of text output shared by the formats. For the report only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::report {

std::string thousands(std::uint64_t number);                         // "1,234,567"
std::string thousands_or_dash(std::optional<std::uint64_t> number);  // "-" where there is none

// Columns on a terminal, for text that printable() made: one a code point.
std::size_t width(std::string_view text);
std::string pad_left(std::string_view text, std::size_t columns);
std::string pad_right(std::string_view text, std::size_t columns);
// At most so many columns, the last one "…" where something was cut.
std::string clip(const std::string& text, std::size_t columns);

// Words on lines of at most `columns`, each beginning with `indent` blanks.
std::string wrap(std::string_view text, std::size_t indent, std::size_t columns);

std::string condition_of(const record::Record& record, std::string_view key);  // "" where unknown
double seconds_of(const record::Record& record);  // timing "total", or the sum of all

}  // namespace lab::report
