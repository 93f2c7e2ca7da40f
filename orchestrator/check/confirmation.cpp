// SPDX-License-Identifier: MIT
#include "orchestrator/check/confirmation.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/check/planning.hpp"

namespace lab::check {
namespace {

// Adds trials to the fewest, so that a single trial among the other side's does not decide.
constexpr std::size_t more_than_needed = 3;
constexpr std::size_t most_trials_to_confirm = 40;

// Returns how many trials a side show it again, if the same share lies beyond the other side.
std::size_t to_show_some(const Finding& finding, std::size_t b_trials, double alpha) {
  std::size_t n = b_trials;
  while (n < most_trials_to_confirm &&
         exceedance_p(n, n, n * finding.row.beyond / b_trials) >= alpha)
    ++n;
  return n;
}

// Includes rows without suspicions: they show how much runs usually differ.
std::vector<Row*> judged_rows(Comparison& comparison, const Cell& b, const Floors& floors) {
  std::vector<Row*> rows;
  for (Row& row : comparison.rows)
    if (is_judged(row, floors, known_vendor(b))) rows.push_back(&row);
  return rows;
}

enum class Answer { confirmed, refuted, neither };

Answer judge_row(const Row& row, bool exact, const Cell& a, const Cell& b,
                 const GateOptions& options) {
  const Floors& floors = scenario_floors(options, a.scenario);
  const bool more = row.is_more() && matters(row, floors, known_vendor(b));
  if (more && row.differs) return row.is_like_another_run() ? Answer::neither : Answer::confirmed;
  if (exact) return Answer::refuted;
  const double floor = find_floor(row, floors, known_vendor(b)).value_or(0);
  const Resolution seen = resolve(row, a, b, floor, options.alpha);
  return seen.could_miss <= options.excluded * floor ? Answer::refuted : Answer::neither;
}

}  // namespace

std::vector<Finding> suspicions(const CellJudgement& judgement) {
  std::vector<Finding> all = judgement.regressions;
  all.insert(all.end(), judgement.suspected.begin(), judgement.suspected.end());
  return all;
}

std::size_t trials_to_confirm(const CellJudgement& judgement, const GateOptions& options) {
  if (judgement.comparison.exact) return 1;
  const std::vector<Finding> all = suspicions(judgement);
  const std::size_t tests = tests_a_row * all.size(), before = judgement.comparison.b_trials;
  std::size_t trials = std::max(before, trials_needed(options.alpha, tests) + more_than_needed);
  for (const Finding& finding : all)
    if (finding.row.intermittent)
      trials = std::max(trials,
                        to_show_some(finding, before, options.alpha / static_cast<double>(tests)));
  return trials;
}

Confirmation confirm(const std::vector<Finding>& suspected, const Cell& a, const Cell& b,
                     const GateOptions& options) {
  Confirmation result;
  Comparison comparison = compare(a, b);
  std::vector<Row*> rows;
  for (const Finding& finding : suspected) {
    const auto again = std::ranges::find_if(comparison.rows, [&](const Row& row) {
      return row.kind == finding.row.kind && row.subject() == finding.row.subject();
    });
    if (again == comparison.rows.end()) {
      result.cannot_tell.push_back(finding.row.subject() + ": no counts of it when tried again");
      continue;
    }
    test_beyond(*again, comparison);
    rows.push_back(&*again);
  }
  correct(rows, options.alpha);
  weigh_runs(judged_rows(comparison, b, scenario_floors(options, a.scenario)), a);
  for (const Row* row : rows) {
    const Answer answer = judge_row(*row, comparison.exact, a, b, options);
    if (answer == Answer::neither)
      result.cannot_tell.push_back(
          fmt::format("{}: suspected, and {} and {} more trials neither "
                      "show it nor show that it is not there",
                      row->subject(), a.trials.size(), b.trials.size()));
    else
      (answer == Answer::confirmed ? result.confirmed : result.refuted)
          .push_back(make_finding(*row, comparison, a, b));
  }
  return result;
}

void settle(CellJudgement& judgement, const Confirmation& confirmation, bool same_on_both_sides) {
  std::ranges::copy(confirmation.cannot_tell, std::back_inserter(judgement.cannot_tell));
  std::vector<Finding> regressions;
  for (Finding& finding : suspicions(judgement)) {
    if (!is_among(confirmation.confirmed, finding.row)) continue;
    if (same_on_both_sides && !judgement.comparison.exact)
      judgement.cannot_tell.push_back(
          finding.row.subject() +
          ": changed, and new trials show it again, but its cause is not among the conditions, of "
          "which none differs (a slower machine?)");
    else
      regressions.push_back(std::move(finding));
  }
  judgement.regressions = std::move(regressions);
  judgement.suspected.clear();
}

}  // namespace lab::check
