// SPDX-License-Identifier: MIT
#include "orchestrator/report/comparison/comparison.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/samples.hpp"
#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using check::CauseChange;
using check::Comparison;
using check::Finding;
using check::Row;

constexpr std::size_t causes_named = 3;
constexpr double nearly_all = 0.95;  // of a row's change, so that one cause alone explains it

std::string exits_with_noun(double exits) {
  return base::counted(exits_text(exits), "exit");
}

// Returns half the interval's width as a share: "± 3 %"; "± ∞" where there are too few samples.
std::string spread(const check::Side& side) {
  if (side.interval.confidence < check::default_confidence) return "± ∞";
  if (!(side.median > 0)) return "± 0 %";
  const double half =
      std::max(side.interval.high - side.median, side.median - side.interval.low) / side.median;
  return fmt::format("± {:.0f} %", 100 * half);
}

// Returns the p of the test that found the difference.
double shown_p(const Row& row) {
  return row.intermittent ? *row.beyond_corrected : *row.corrected;
}

std::string p_text(double p) {
  return p < 0.001 ? "<.001" : fmt::format("{:.3f}", p);
}

// Are the columns of name, exits and their spread on both sides, change and p.
const Columns& comparison_columns() {
  static const Columns columns({{.least = 20, .most = 20},
                                {on_right, 12, 1},
                                {on_right, 7, 1},
                                {on_right, 11, 1},
                                {on_right, 7, 1},
                                {on_right, 10, 1},
                                {on_right, 6, 1}});
  return columns;
}

std::string row_line(const Row& row, bool exact, const Style& style) {
  const bool counted = !exact;
  const std::string line = comparison_columns().line(
      {printable(row.name), exits_text(row.a.median), counted ? spread(row.a) : "",
       exits_text(row.b.median), counted ? spread(row.b) : "", row.differs ? change_text(row) : "~",
       row.corrected ? p_text(*row.corrected) : ""});
  if (!row.differs) return line + "\n";
  return ink(style, row.change() > 0 ? Ink::red : Ink::green, line) + "\n";
}

std::string difference_text(const check::Difference& difference) {
  const auto value = [](const std::string& text) { return text.empty() ? "-" : printable(text); };
  return fmt::format("{}: {} | {}", printable(difference.key), value(difference.a),
                     value(difference.b));
}

std::string conditions_text(const Comparison& comparison) {
  if (comparison.conditions.empty()) return "  conditions agree\n";
  std::string text = "  conditions that differ\n";
  for (const check::Difference& difference : comparison.conditions)
    text += wrap(difference_text(difference), 4, terminal_columns);
  return text;
}

// Returns the heading above a row: categories come first, then reasons, each below a heading.
std::string row_heading(const Row& row, const Row* before) {
  const bool first = !before || before->step != row.step || before->guest != row.guest;
  if (first)
    return fmt::format("{}{}\n", printable(row.step),
                       row.guest > 1 ? fmt::format(" (guest {})", row.guest) : "");
  if (row.kind == before->kind) return "";
  return row.kind == Row::Kind::category ? "  by category\n" : "  by reason\n";
}

std::string notes(const Comparison& comparison) {
  std::string text;
  if (comparison.exact)
    text += "  exact: trial by trial, these are the same whenever nothing has changed\n";
  else
    text += "  ±: 95 % interval of the median; p: rank test, corrected by Holm for all rows\n";
  const bool infinite = std::ranges::any_of(comparison.rows, [](const Row& row) {
    return row.a.interval.confidence < check::default_confidence ||
           row.b.interval.confidence < check::default_confidence;
  });
  if (infinite && !comparison.exact) text += "  ± ∞: needs 6 trials\n";
  if (!comparison.note.empty()) text += wrap(printable(comparison.note), 2, terminal_columns);
  for (const std::string& step : comparison.only_a)
    text += "  only a has step " + printable(step) + "\n";
  for (const std::string& step : comparison.only_b)
    text += "  only b has step " + printable(step) + "\n";
  return text;
}

// Returns the causes of the reasons that differ.
std::string causes_that_changed(const Comparison& comparison) {
  std::string text;
  for (const Row& row : comparison.rows)
    if (row.kind == Row::Kind::reason && row.differs)
      if (const std::string sentence = cause_sentence(row, comparison.causes); !sentence.empty())
        text += wrap(sentence, 4, terminal_columns);
  return text.empty() ? "" : "  by cause (lab causes A B shows all)\n" + text;
}

std::string one_table(const Comparison& comparison, const Style& style) {
  const std::string name = comparison.a_name == comparison.b_name
                               ? comparison.a_name
                               : comparison.a_name + " | " + comparison.b_name;
  std::string text = ink(style, Ink::bold, printable(name)) + "\n" + conditions_text(comparison);
  text += comparison_columns().line({"", fmt::format("a (n={})", comparison.a_trials), "",
                                     fmt::format("b (n={})", comparison.b_trials), "", "change",
                                     comparison.exact ? "" : "p"}) +
          "\n";
  const Row* before = nullptr;
  for (const Row& row : comparison.rows) {
    text += row_heading(row, before) + row_line(row, comparison.exact, style);
    before = &row;
  }
  return text + causes_that_changed(comparison) + notes(comparison);
}

// Returns "2,000 → 2,400 exits, +20.00 % (+18.1 … +22.4)".
std::string change_in_full(const Row& row) {
  std::string text =
      fmt::format("{} → {}", exits_text(row.a.median), exits_with_noun(row.b.median));
  if (row.intermittent)
    text += fmt::format(", {} beyond all of the baseline's: {}", base::counted(row.beyond, "trial"),
                        exits_text(row.beyond_median));
  if (!(row.a.median > 0)) return text;
  text += ", " + change_text(row);
  if (row.difference.low < row.difference.high)
    text += fmt::format(" ({:+.1f} … {:+.1f})", 100 * row.difference.low / row.a.median,
                        100 * row.difference.high / row.a.median);
  return text;
}

std::string findings_text(const std::vector<Finding>& findings, const std::string& mark, Ink colour,
                          const Style& style) {
  std::string text;
  for (const Finding& finding : findings)
    text += "  " + ink(style, colour, mark) + " " + finding_text(finding);
  return text;
}

// Returns "it would have found +3.1 % of total of boot, +22 % of INTR of boot": every total, and
// the row with the coarsest resolution, measured in its floor.
std::string found_text(const check::CellJudgement& cell) {
  if (cell.comparison.exact)
    return cell.cannot_tell.empty() ? "  it would have found any difference\n" : "";
  const check::Resolution* coarsest = nullptr;
  std::string text;
  const auto add = [&](const check::Resolution& one) {
    text += (text.empty() ? "" : ", ") + printable(size_text(one.row, one.would_find));
  };
  for (const check::Resolution& one : cell.resolution) {
    if (one.row.kind == Row::Kind::total) add(one);
    const auto in_floors = [](const check::Resolution& row) {
      return row.floor > 0 ? row.would_find / row.floor : 0;
    };
    if (!coarsest || in_floors(one) > in_floors(*coarsest)) coarsest = &one;
  }
  if (coarsest && coarsest->row.kind != Row::Kind::total) add(*coarsest);
  return text.empty() ? "" : wrap("it would have found " + text, 2, terminal_columns);
}

std::string totals_text(const Comparison& comparison) {
  std::string text;
  for (const Row& row : comparison.rows)
    if (row.kind == Row::Kind::total)
      text += fmt::format("  {}: {}\n", printable(row.subject()), change_in_full(row));
  return text;
}

std::string with_reason(const CauseChange& change, const Row& row) {
  const std::string reason = row.kind == Row::Kind::reason ? "" : printable(change.reason) + " ";
  return reason + cause_text(change.detail, change.place);
}

}  // namespace

std::string cause_sentence(const Row& row, const std::vector<CauseChange>& changes) {
  const std::vector<CauseChange> moved = check::matching_changes(row, changes);
  if (moved.empty()) return "";
  const std::string subject = printable(row.subject()) + " " + signed_text(row.change()) + ": ";
  const bool alone =
      moved[0].change() / row.change() >= nearly_all && moved[0].change() * row.change() > 0;
  if (alone && (moved.size() == 1 ||
                std::abs(moved[1].change()) <= (1 - nearly_all) * std::abs(row.change())))
    return subject + with_reason(moved[0], row);
  std::string text;
  for (std::size_t i = 0; i < std::min(moved.size(), causes_named); ++i)
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", signed_text(moved[i].change()),
                        with_reason(moved[i], row));
  const std::size_t others = moved.size() - std::min(moved.size(), causes_named);
  if (others > 0) text += "; and " + base::counted(others, "other cause");
  return subject + text;
}

std::string change_text(const Row& row) {
  if (const auto share = row.share()) return fmt::format("{:+.2f} %", 100 * *share);
  return row.change() > 0 ? "new" : "0";
}

std::string_view to_string(check::Judgement judgement) {
  if (judgement == check::Judgement::passed) return "passed";
  return judgement == check::Judgement::regressed ? "regressed" : "cannot tell";
}

std::string judgement_text(const check::CellJudgement& cell) {
  if (!cell.regressions.empty()) return "regressed";
  if (!cell.cannot_tell.empty() || !cell.suspected.empty()) return "cannot tell";
  if (!cell.improvements.empty()) return "improved";
  return cell.below_floor.empty() ? "no change that matters" : "changed, below its floors";
}

std::string comparison_table(std::span<const Comparison> comparisons, const Style& style) {
  std::string text;
  for (const Comparison& comparison : comparisons)
    text += (text.empty() ? "" : "\n") + one_table(comparison, style);
  return text;
}

std::string finding_text(const Finding& finding) {
  const Row& row = finding.row;
  std::string text = fmt::format("{}: {}{}\n", printable(row.subject()), change_in_full(row),
                                 row.corrected ? ", p " + p_text(shown_p(row)) : "");
  std::string more = printable(finding.where);
  if (!finding.cause.empty())
    more += fmt::format("{}often: {}", more.empty() ? "" : "; ", printable(finding.cause));
  if (!finding.moved.empty())
    more += fmt::format("{}perhaps moved, as the total has not grown: {}", more.empty() ? "" : "; ",
                        printable(finding.moved));
  if (!more.empty()) text += wrap(more, 6, terminal_columns);
  const std::string sentence = cause_sentence(row, finding.changed);
  return text + (sentence.empty() ? "" : wrap("by cause: " + sentence, 6, terminal_columns));
}

std::string verdict_text(const check::Verdict& verdict, const Style& style) {
  std::string text;
  for (const check::CellJudgement& cell : verdict.cells) {
    const Comparison& comparison = cell.comparison;
    text += fmt::format("{}: {} (baseline of {}, {} new{})\n",
                        ink(style, Ink::bold, printable(comparison.b_name)), judgement_text(cell),
                        base::counted(comparison.a_trials, "trial"), comparison.b_trials,
                        comparison.exact ? "; exact" : "");
    text += totals_text(comparison) + findings_text(cell.regressions, "✗ more", Ink::red, style) +
            findings_text(cell.improvements, "✓ fewer", Ink::green, style) +
            findings_text(cell.below_floor, "· below its floor", Ink::bold, style) +
            findings_text(cell.suspected, "? perhaps more", Ink::bold, style);
    for (const check::Finding& finding : cell.suspected)
      text += wrap("? " + printable(check::other_run_text(finding.row)), 2, terminal_columns);
    for (const std::string& why : cell.cannot_tell)
      text += wrap("? " + printable(why), 2, terminal_columns);
    text += found_text(cell);
  }
  for (const std::string& why : verdict.cannot_tell)
    text += wrap("? " + printable(why), 0, terminal_columns);
  return text;
}

std::string change_line(const check::Change& change) {
  const std::string where = change.site.empty() ? change.cell : change.cell + " on " + change.site;
  std::string line = printable(fmt::format("{}, {}: {} → {} since {} (run {})", where,
                                           change.subject, exits_text(change.before),
                                           exits_with_noun(change.after), change.time, change.run));
  for (const check::Difference& difference : change.conditions)
    line += "; " + difference_text(difference);
  return line;
}

std::string changes_text(std::span<const check::Change> changes) {
  if (changes.empty()) return "";
  std::string text = "history: where it changed, and the first run that shows it\n";
  for (const check::Change& change : changes)
    text += wrap(change_line(change), 2, terminal_columns);
  return text;
}

std::string baseline_text(const check::Baseline& baseline, const Style& style) {
  std::string text;
  for (const check::Entry& entry : baseline.entries) {
    const check::Cell& cell = entry.cell;
    text +=
        ink(style, Ink::bold, printable(cell.name)) + "\n" +
        wrap(printable(fmt::format("accepted {} by {}: {}", entry.time, entry.by, entry.reason)), 2,
             terminal_columns);
    std::string conditions;
    for (const check::Difference& condition : check::differences({}, cell.conditions))
      conditions +=
          fmt::format("{}{} {}", conditions.empty() ? "" : ", ", condition.key, condition.b);
    text += wrap(printable(conditions), 2, terminal_columns);
    for (const check::StepSamples& step : cell.steps) {
      const base::Samples totals({step.total.begin(), step.total.end()});
      text += fmt::format("  {}: {}, median {} ({} … {}), {}\n", printable(step.step),
                          base::counted(cell.trials.size(), "trial"),
                          exits_with_noun(totals.median()), exits_text(totals.least()),
                          exits_text(totals.most()), base::counted(step.reasons.size(), "reason"));
    }
  }
  return text;
}

}  // namespace lab::report
