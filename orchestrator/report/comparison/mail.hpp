// SPDX-License-Identifier: MIT
// What a change did, as text for a mail or a pull request: plain, at most 72 columns wide.
#pragma once

#include <string>

#include "orchestrator/check/gate.hpp"

namespace lab::report {

// What was compared, in words for people.
inline constexpr std::size_t mail_columns = 72;

struct Sides {
  std::string before, after;  // "f2bdabfc1bc3 KVM: add an exit to each HLT"
  std::string where;          // "svm (emulated, exact), outer kernel 6.1.192"
};

// A heading, for each scenario a table of totals and of the reasons that changed, with what caused
// the changes beyond their floors, and a conclusion of three lines. A star marks what grew so far.
std::string mail_text(const Sides& sides, const check::Verdict& verdict);

}  // namespace lab::report
