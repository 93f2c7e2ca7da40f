// SPDX-License-Identifier: MIT
// Is the subject of a bisection: a total, a reason or a cause of one step, and when it has changed.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/bisect/search.hpp"
#include "orchestrator/check/gate.hpp"
#include "orchestrator/cli/trials/measure.hpp"

namespace lab::cli {

// Is the change to look for between two sides.
struct Question {
  // "net: total", "net: MSR", or a part of a cause: "net: TSC_DEADLINE". Where empty, the subject
  // is what increased most (with find_fix, decreased most).
  std::string wanted;
  bool find_fix = false;
  std::string before, after;  // the sides in words, for messages
  check::GateOptions gate;
};

class Subject {
 public:
  // Returns nullopt where more trials are needed. Throws a user error where nothing fits, where it
  // changes by less than its floor, or where the sides do not compare.
  static std::optional<Subject> find(const Question& question, const Measured& before,
                                     const Measured& after);

  const std::string& in_words() const { return name_; }  // "MSR of net"

  struct Judged {
    bisect::Answer answer = bisect::Answer::skipped;
    std::optional<double> exits;  // of `after`, the median of its trials
    std::string why;              // the reason where it was skipped
    bool sampled = false;         // judged by statistics, as counts vary
    bool more_trials_tell = false;
  };
  // Answers "new" where it changed from `before` in the ends' direction, by its floor or more.
  Judged judge(const Measured& before, const Measured& after) const;

 private:
  Subject(const Question& question, std::string step, std::string name);

  static std::optional<Subject> find_row(const Question& question, const check::Verdict& verdict);
  static Subject find_cause(const Question& question, const Measured& before,
                            const Measured& after);

  // Returns nullopt where the step has no counts, or where too many of its causes are not known.
  std::optional<std::uint64_t> exits_in(const record::Step& step) const;
  check::Verdict compare(const Measured& before, const Measured& after) const;
  const check::Row* row_in(const check::CellJudgement& cell) const;

  check::GateOptions gate_;
  std::string step_, name_;
  std::uint32_t guest_ = 1;
  std::string cause_;                // a part of its text; "": a total or a reason
  std::set<std::uint32_t> numbers_;  // the reason's, or those of the cause; none: the total
  bool grows_ = true;
  double change_ = 0;  // from one end to the other, in exits
};

}  // namespace lab::cli
