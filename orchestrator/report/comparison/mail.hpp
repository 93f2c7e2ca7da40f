// SPDX-License-Identifier: MIT
// Describes a change's effect for a mail or a pull request: plain text, at most 72 columns wide.
#pragma once

#include <string>

#include "orchestrator/check/gate.hpp"

namespace lab::report {

inline constexpr std::size_t mail_columns = 72;

// Describes in words what was compared.
struct Sides {
  std::string before, after;  // "f2bdabfc1bc3 KVM: add an exit to each HLT"
  std::string where;          // "svm (emulated, exact), outer kernel 6.1.192"
};

// Returns a heading, for each scenario a table of totals and changed reasons with the causes of
// changes beyond their floors, and a conclusion of three lines. A star marks growth beyond a floor.
std::string mail_text(const Sides& sides, const check::Verdict& verdict);

}  // namespace lab::report
