// SPDX-License-Identifier: MIT
// The leading causes of a reason, for the table by reason. For the report only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::report {

inline constexpr std::size_t cause_columns = 100;  // of a line with a cause: symbols are long

// A cause that is a sum: of those that a record had no room for.
bool is_sum_of_causes(const std::string& detail, const std::string& place);

// A detail or a place, printable. What stands for a sum or for lost exits is said in words.
std::string cause_word(const std::string& text);

// "DETAIL, PLACE", printable; "unknown" where both are empty.
std::string cause_text(const std::string& detail, const std::string& place);

// "12 other causes"; where some of them were kept as a sum only: "more than 12 other causes".
std::string other_causes_text(std::size_t number, bool with_sum);

// The reason's largest causes, a line each: exits, % of the reason, detail and place. At most five,
// each at least 2 % of the reason and 0.1 % of the step; then what the others and the lost ones add
// up to. Nothing where the step has no causes, or none of the reason's is that large.
std::vector<std::string> cause_lines(const record::Step& step, const record::Reason& reason);

}  // namespace lab::report
