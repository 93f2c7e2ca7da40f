// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/subject.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/base/error.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::cli {
namespace {

using bisect::Answer;
using check::Row;

// Where more than one exit in so many has an unknown cause, the others cannot be counted.
constexpr std::uint64_t known_for_one_unknown = 100;

// Returns the rows that the request names, or all that changed where it names none.
std::vector<Row> rows_meant(const Question& question, const check::Verdict& verdict) {
  std::vector<Row> rows;
  for (const check::CellJudgement& cell : verdict.cells) {
    if (question.wanted.empty())
      for (const check::Finding& finding : question.find_fix ? cell.improvements : cell.regressions)
        rows.push_back(finding.row);
    for (const Row& row : cell.comparison.rows)
      if (row.kind != Row::Kind::category &&
          (fmt::format("{}: {}", row.step, row.name) == question.wanted ||
           row.subject() == question.wanted))
        rows.push_back(row);
  }
  return rows;
}

std::vector<const record::Step*> steps_named(const Measured& measured, const std::string& name) {
  std::vector<const record::Step*> steps;
  for (const record::Record& record : measured.records)
    for (const record::Step& step : record.steps)
      if (step.name == name && step.guest == 1) steps.push_back(&step);
  return steps;
}

std::uint64_t unknown_causes(const record::Step& step, const std::set<std::uint32_t>& numbers) {
  std::uint64_t exits = 0;
  for (const record::Cause& cause : step.causes)
    if (numbers.contains(cause.number) && cause.detail == record::other_causes)
      exits += cause.exits;
  for (const record::CausesLost& lost : step.causes_lost)
    if (numbers.contains(lost.number)) exits += lost.exits;
  return exits;
}

std::string step_names(const Measured& measured) {
  std::string names;
  if (measured.records.empty()) return names;
  for (const record::Step& step : measured.records.front().steps)
    if (step.guest == 1) names += (names.empty() ? "" : ", ") + step.name;
  return names;
}

// Returns why the cell's two sides do not compare at all, however many trials there are.
std::string obstacle(const check::CellJudgement& cell) {
  const bool judged = !cell.comparison.exact && !cell.resolution.empty();
  return judged || cell.cannot_tell.empty() ? "" : cell.cannot_tell.front();
}

std::string obstacle(const check::Verdict& verdict) {
  for (const check::CellJudgement& cell : verdict.cells)
    if (std::string why = obstacle(cell); !why.empty()) return why;
  return verdict.cannot_tell.empty() ? "" : verdict.cannot_tell.front();
}

// Returns whether too few trials may hide the largest change.
bool is_sampled(const check::Verdict& verdict) {
  return std::ranges::any_of(verdict.cells, [](const check::CellJudgement& cell) {
    return !cell.comparison.exact && !cell.cannot_tell.empty();
  });
}

[[noreturn]] void refuse(const Question& question, const check::Verdict& verdict) {
  const std::string sides = fmt::format("from {} to {} ", question.before, question.after);
  if (const std::string why = obstacle(verdict); !why.empty())
    throw base::user_error(sides + "nothing can be said: " + why);
  if (!question.wanted.empty())
    throw base::user_error(sides + "'" + question.wanted + "' does not change beyond its floor",
                           "lab compare latest~1 latest; floors: in the scenario");
  const bool other_way = std::ranges::any_of(verdict.cells, [&](const auto& cell) {
    return !(question.find_fix ? cell.regressions : cell.improvements).empty();
  });
  throw base::user_error(
      fmt::format("{}nothing has {} exits beyond its floor", sides,
                  question.find_fix ? "fewer" : "more"),
      other_way ? "something else changes: lab compare latest~1 latest shows what; --of 'STEP: "
                  "WHAT' names it, --find-fix looks for what became better"
                : "lab compare latest~1 latest");
}

}  // namespace

Subject::Subject(const Question& question, std::string step, std::string name)
    : gate_(question.gate), step_(std::move(step)), name_(std::move(name)) {}

std::optional<Subject> Subject::find(const Question& question, const Measured& before,
                                     const Measured& after) {
  const check::Verdict verdict = check::judge(before.cells, after.cells, question.gate);
  std::optional<Subject> subject = find_row(question, verdict);
  if (!subject && question.wanted.empty()) {
    if (obstacle(verdict).empty() && is_sampled(verdict)) return std::nullopt;
    refuse(question, verdict);
  }
  if (!subject) subject = find_cause(question, before, after);
  const check::Verdict own = subject->compare(before, after);
  for (const check::CellJudgement& cell : own.cells)
    if (const Row* row = subject->row_in(cell)) {
      subject->grows_ = row->is_more();
      subject->change_ = std::abs(row->change());
    }
  const Judged judged = subject->judge(before, after);
  if (judged.answer == Answer::new_state) return subject;
  if (judged.more_trials_tell) return std::nullopt;
  refuse(question, own);
}

std::optional<Subject> Subject::find_row(const Question& question, const check::Verdict& verdict) {
  const std::vector<Row> rows = rows_meant(question, verdict);
  if (rows.empty()) return std::nullopt;
  const Row& row =
      *std::ranges::max_element(rows, {}, [](const Row& one) { return std::abs(one.change()); });
  Subject subject(question, row.step, row.subject());
  subject.guest_ = row.guest;
  if (row.kind == Row::Kind::reason) subject.numbers_ = {row.number};
  return subject;
}

Subject Subject::find_cause(const Question& question, const Measured& before,
                            const Measured& after) {
  const std::size_t colon = question.wanted.find(": ");
  if (colon == std::string::npos)
    throw base::user_error("--of '" + question.wanted + "' names no step and what of it",
                           "--of 'boot: total', 'boot: MSR' or a part of a cause: 'boot: EOI'");
  Subject subject(question, question.wanted.substr(0, colon), "");
  subject.cause_ = question.wanted.substr(colon + 2);
  subject.name_ = fmt::format("'{}' of {}", subject.cause_, subject.step_);
  std::vector<const record::Step*> steps = steps_named(before, subject.step_);
  std::ranges::copy(steps_named(after, subject.step_), std::back_inserter(steps));
  if (steps.empty())
    throw base::user_error(
        fmt::format("--of '{}': no step is named '{}'", question.wanted, subject.step_),
        "the steps are " + step_names(before));
  for (const record::Step* step : steps)
    for (const record::Cause& cause : step->causes)
      if ((cause.detail + ", " + cause.place).find(subject.cause_) != std::string::npos)
        subject.numbers_.insert(cause.number);
  if (subject.numbers_.empty())
    throw base::user_error(
        fmt::format("--of '{}': {} has no such total or reason, and no cause of it contains '{}'",
                    question.wanted, subject.step_, subject.cause_),
        "lab causes latest --step " + subject.step_);
  return subject;
}

std::optional<std::uint64_t> Subject::exits_in(const record::Step& step) const {
  if (numbers_.empty() || !step.exits) return step.exits;
  if (cause_.empty()) {
    const auto reason = std::ranges::find(step.reasons, *numbers_.begin(), &record::Reason::number);
    return reason == step.reasons.end() ? 0 : reason->exits;
  }
  if (!record::has_causes(step)) return std::nullopt;
  const std::uint64_t exits = record::exits_of_causes(step, cause_, numbers_).exits;
  if (unknown_causes(step, numbers_) > exits / known_for_one_unknown) return std::nullopt;
  return exits;
}

// Compares only the step: its total, to which floors apply, and one reason, which stands for the
// cause where the subject is a cause.
check::Verdict Subject::compare(const Measured& before, const Measured& after) const {
  const auto group_cells = [&](const Measured& measured) {
    std::vector<record::TrialCounts> trials;
    for (const record::Record& record : measured.records) {
      record::TrialCounts counts = counts_in(measured, record);
      counts.steps.clear();
      counts.phases.clear();
      for (const record::Step& step : record.steps) {
        const auto exits = exits_in(step);
        if (step.name != step_ || step.guest != guest_ || !exits) continue;
        counts.steps.push_back({.step = step_, .guest = guest_, .exits = *step.exits});
        if (!numbers_.empty()) counts.steps.back().reasons = {{*numbers_.begin(), *exits}};
      }
      if (!counts.steps.empty()) trials.push_back(std::move(counts));
    }
    return check::gather(trials).cells;
  };
  return check::judge(group_cells(before), group_cells(after), gate_);
}

const Row* Subject::row_in(const check::CellJudgement& cell) const {
  const auto kind = numbers_.empty() ? Row::Kind::total : Row::Kind::reason;
  const auto row = std::ranges::find(cell.comparison.rows, kind, &Row::kind);
  return row == cell.comparison.rows.end() ? nullptr : &*row;
}

// Where counts vary, a point is old only where half of the ends' change can be excluded.
Subject::Judged Subject::judge(const Measured& before, const Measured& after) const {
  Judged judged;
  const check::Verdict verdict = compare(before, after);
  bool changed = false;
  for (const check::CellJudgement& cell : verdict.cells) {
    const Row* row = row_in(cell);
    if (row == nullptr) continue;
    if (!judged.exits) judged.exits = row->b.median;
    changed |= check::is_among(grows_ ? cell.regressions : cell.improvements, *row);
    if (cell.comparison.exact) continue;
    judged.sampled = true;
    const double most = grows_ ? row->difference.high : -row->difference.low;
    judged.more_trials_tell |= most > change_ / 2 || check::is_among(cell.suspected, *row);
  }
  judged.more_trials_tell &= !changed && obstacle(verdict).empty();
  if (!judged.exits)
    judged.why = after.failure.empty() ? "it has no such count" : after.failure;
  else if (!obstacle(verdict).empty())
    judged.why = "cannot tell: " + obstacle(verdict);
  else if (changed)
    judged.answer = Answer::new_state;
  else if (judged.more_trials_tell)
    judged.why = "cannot tell: too few trials for counts that vary so much";
  else
    judged.answer = Answer::old_state;
  return judged;
}

}  // namespace lab::cli
