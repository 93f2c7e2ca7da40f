// SPDX-License-Identifier: MIT
#include "orchestrator/report/cause_lines.hpp"

#include <algorithm>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/check/comparison/cause_sums.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Cause;

constexpr std::size_t causes_shown = 5;
constexpr double least_of_reason = 0.02, least_of_step = 0.001;

// Returns the reason's causes, most exits first.
std::vector<const Cause*> sorted_causes(const record::Step& step, std::uint32_t number) {
  std::vector<const Cause*> causes;
  for (const Cause& cause : step.causes)
    if (cause.number == number) causes.push_back(&cause);
  std::ranges::stable_sort(causes, std::greater(), &Cause::exits);
  return causes;
}

std::string line(std::uint64_t exits, const record::Reason& reason, const std::string& text) {
  static const Columns columns({{on_right, 9, 9}, {on_right, 6, 1}, {}});
  return clip(columns.line({thousands(exits), share(exits, reason.exits) + "%", text}),
              cause_columns);
}

}  // namespace

bool is_sum_of_causes(const std::string& detail, const std::string& place) {
  return detail == record::other_causes || place == record::other_causes;
}

std::string cause_word(const std::string& text) {
  if (text == record::other_causes) return "smaller causes, kept as one sum";
  if (text == check::lost_causes) return "lost: the kernel's table of causes was full";
  return printable(text);
}

std::string cause_text(const std::string& detail, const std::string& place) {
  if (detail == place) return detail.empty() ? "unknown" : cause_word(detail);  // a sum
  const bool both = !detail.empty() && !place.empty();
  return cause_word(detail) + (both ? ", " : "") + cause_word(place);
}

std::string other_causes_text(std::size_t number, bool with_sum) {
  if (with_sum && number == 0) return "other causes";
  return (with_sum ? "more than " : "") + base::counted(thousands(number), "other cause");
}

std::vector<std::string> cause_lines(const record::Step& step, const record::Reason& reason) {
  const double least = std::max(least_of_reason * double(reason.exits),
                                least_of_step * double(step.exits.value_or(0)));
  std::vector<std::string> lines;
  std::size_t others = 0;
  std::uint64_t exits_of_others = 0;
  bool with_sum = false;
  for (const Cause* cause : sorted_causes(step, reason.number)) {
    if (is_sum_of_causes(cause->detail, cause->place)) {
      with_sum = true;
      exits_of_others += cause->exits;
    } else if (lines.size() < causes_shown && double(cause->exits) >= least) {
      lines.push_back(line(cause->exits, reason, cause_text(cause->detail, cause->place)));
    } else {
      ++others;
      exits_of_others += cause->exits;
    }
  }
  if (!lines.empty() && exits_of_others > 0)
    lines.push_back(line(exits_of_others, reason, other_causes_text(others, with_sum)));
  for (const record::CausesLost& lost : step.causes_lost)
    if (lost.number == reason.number && lost.exits > 0)
      lines.push_back(line(lost.exits, reason, cause_word(std::string(check::lost_causes))));
  return lines;
}

}  // namespace lab::report
