// SPDX-License-Identifier: MIT
// Lists the leading causes of a reason, for the table by reason. Used by the report only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::report {

inline constexpr std::size_t cause_columns = 100;  // for a line with a cause: symbols are long

// Returns whether a cause is the sum of those that a record had no room for.
bool is_sum_of_causes(const std::string& detail, const std::string& place);

// Returns a detail or a place, printable; a sum and lost exits are described in words.
std::string cause_word(const std::string& text);

// Returns "DETAIL, PLACE", printable; "unknown" where both are empty.
std::string cause_text(const std::string& detail, const std::string& place);

// Returns "12 other causes"; "more than 12 other causes" where some were kept only as a sum.
std::string other_causes_text(std::size_t number, bool with_sum);

// Returns the reason's largest causes, a line each: exits, % of the reason, detail and place. At
// most five, each at least 2 % of the reason and 0.1 % of the step; then the sums of the other and
// of the lost ones. Returns none where no cause of the reason is that large.
std::vector<std::string> cause_lines(const record::Step& step, const record::Reason& reason);

}  // namespace lab::report
