// SPDX-License-Identifier: MIT
// Formats the result of a bisection as a text for a mail.
#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/cli/bisect/bisect_points.hpp"
#include "orchestrator/cli/bisect/bisector.hpp"
#include "orchestrator/report/comparison/mail.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::cli {
namespace {

using bisect::Answer;
using bisect::Entry;
using bisect::Point;

constexpr std::size_t log_indent = 22;

// A median of an even number of trials may be between two counts.
std::string exits_text(std::optional<double> exits) {
  return exits ? fmt::format("{:.0f}", *exits) : "-";
}

std::string hanging(const std::string& label, const std::string& text, std::size_t indent = 0) {
  return report::hanging(label, text, report::mail_columns, indent);
}

}  // namespace

std::string Bisector::log_text() const {
  const report::Columns columns({{.least = 8}, {report::on_right, 10, 0}});
  std::string text;
  for (const Entry& entry : log_.entries) {
    const auto point = std::ranges::find(points_, entry.id, &Point::id);
    if (point == points_.end()) continue;
    text += hanging(columns.line({std::string(to_string(entry.answer)), exits_text(entry.exits)}),
                    in_words(*point), log_indent);
    if (!entry.note.empty())
      text += report::wrap(report::printable(entry.note), log_indent, report::mail_columns);
  }
  return text;
}

// One wrong answer makes the result wrong: its chance of error is at most the sum of theirs.
std::string Bisector::confidence_text() const {
  if (!sampled_) return "";
  constexpr double old_is_wrong = 0.025, new_is_wrong = 0.01;  // the interval's end; the gate
  std::size_t old_ones = 0, new_ones = 0;
  for (const Entry& entry : log_.entries) {
    if (!entry.exits || entry.id == points_.front().id) continue;
    old_ones += entry.answer == Answer::old_state;
    new_ones += entry.answer == Answer::new_state;
  }
  const double wrong = double(old_ones) * old_is_wrong + double(new_ones) * new_is_wrong;
  return hanging(
      "confidence: ",
      fmt::format("at least {:.0f} %, as counts vary here: judged by trials {} {} "
                  "({} old, each wrong in {:g} % of cases at most, {} new, in {:g} %)",
                  100 * std::max(0.0, 1 - wrong), old_ones + new_ones == 1 ? "was" : "were",
                  base::counted(old_ones + new_ones, "point"), old_ones, 100 * old_is_wrong,
                  new_ones, 100 * new_is_wrong));
}

std::string Bisector::text() const {
  const char* what = log_.request.find_fix ? "fixed" : "bad";
  std::string text =
      hanging("", fmt::format("{}: {}, over {}",
                              std::filesystem::path(log_.request.scenario).stem().string(),
                              subject_ ? subject_->in_words() : "cannot tell what changes",
                              base::counted(points_.size() - 1, "step")));
  text += log_text();
  if (!subject_)
    return text + "\n" +
           hanging("", "The ends' trials vary too much: more of them (--repeat) may tell.");
  const std::vector<std::size_t> candidates = search_->candidates();
  if (candidates.size() != 1) {
    text +=
        fmt::format("\nThe first {} one is among these, of which some cannot be tested:\n", what);
    for (const std::size_t point : candidates) text += hanging("  ", in_words(points_[point]));
    return text + confidence_text();
  }
  const Point& culprit = points_[candidates.front()];
  text += fmt::format("\nThe first {} one is\n", what) + hanging("  ", in_words(culprit));
  for (const std::string& line : verified_) text += hanging("verified: ", line);
  text += confidence_text();
  if (culprit.parents.empty()) return text;
  const Point& parent = points_[culprit.parents.front()];
  const auto before = measured_.find(parent.id), after = measured_.find(culprit.id);
  if (before == measured_.end() || after == measured_.end()) return text;
  return text + "\n" +
         report::mail_text({.before = in_words(parent),
                            .after = in_words(culprit),
                            .where = where_in_words(after->second)},
                           judge_change(before->second, after->second, gate_));
}

}  // namespace lab::cli
