// SPDX-License-Identifier: MIT
#include "orchestrator/check/resample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace lab::check {
namespace {

std::vector<std::size_t> drawn(std::size_t from, std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> all(from);
  std::iota(all.begin(), all.end(), 0);
  std::ranges::shuffle(all, random);
  all.resize(count);
  return all;
}

GateOptions across_everything(GateOptions options, const Cell& a, const Cell& b) {
  for (const Difference& difference : differences(a.conditions, b.conditions))
    options.across.insert(difference.key);
  return options;
}

// Subjects of what was found, in either direction.
std::set<std::string> told(const Verdict& verdict) {
  std::set<std::string> subjects;
  for (const CellJudgement& cell : verdict.cells)
    for (const auto* findings : {&cell.regressions, &cell.suspected, &cell.improvements})
      for (const Finding& finding : *findings) subjects.insert(finding.row.subject());
  return subjects;
}

bool any_improved(const Verdict& verdict) {
  return std::ranges::any_of(verdict.cells,
                             [](const CellJudgement& cell) { return !cell.improvements.empty(); });
}

void count_told(Rates& rates, const Verdict& verdict, const std::set<std::string>& subjects) {
  const std::set<std::string> found = told(verdict);
  for (const std::string& subject : found) ++rates.told[subject];
  rates.promised += std::ranges::any_of(
      subjects, [&](const std::string& subject) { return found.contains(subject); });
}

// Trials as a run of their own has them: in turn with the other side's, so none of an older run.
Cell as_one_run(Cell cell) {
  for (Trial& trial : cell.trials) trial.run = "again";
  return cell;
}

}  // namespace

void Rates::count(bool was_suspected, const Verdict& verdict) {
  ++times;
  suspected += was_suspected;
  regressed += verdict.judgement() == Judgement::regressed;
  cannot_tell += verdict.judgement() == Judgement::cannot_tell;
  passed += verdict.judgement() == Judgement::passed;
  improved += any_improved(verdict);
}

void try_check(const Cell& a, const Cell& b, const Draw& more_a, const Draw& more_b,
               const GateOptions& options, Rates& rates,
               const std::function<void(const Verdict&)>& look) {
  Verdict verdict = judge({a}, {b}, options);
  look(verdict);
  bool was_suspected = false;
  for (CellJudgement& cell : verdict.cells) {
    const std::vector<Finding> suspected = suspicions(cell);
    if (suspected.empty()) continue;
    was_suspected = true;
    const std::size_t trials = trials_to_confirm(cell, options);
    settle(cell, confirm(suspected, more_a(trials), more_b(trials), options), false);
  }
  rates.count(was_suspected, verdict);
}

Rates resample(const Cell& a, const Cell& b, std::size_t trials, std::size_t times,
               const GateOptions& options, std::uint64_t seed,
               const std::set<std::string>& subjects) {
  const bool same = &a == &b;
  Rates rates;
  if (a.trials.size() < (same ? 2 * trials : trials) || b.trials.size() < trials) return rates;
  const GateOptions gate = across_everything(options, a, b);
  std::mt19937_64 random(seed);
  // More trials than there are cannot be drawn: then all of them.
  const auto draw_from = [&](const Cell& cell) {
    return [&](std::size_t count) {
      return as_one_run(
          slice(cell, drawn(cell.trials.size(), std::min(count, cell.trials.size()), random)));
    };
  };
  while (rates.times < times) {
    std::vector<std::size_t> from_a = drawn(a.trials.size(), same ? 2 * trials : trials, random);
    std::vector<std::size_t> from_b =
        same ? std::vector(from_a.begin() + std::ptrdiff_t(trials), from_a.end())
             : drawn(b.trials.size(), trials, random);
    from_a.resize(trials);
    Cell after = slice(b, from_b);
    after.name = a.name;
    try_check(slice(a, from_a), after, draw_from(a), draw_from(b), gate, rates,
              [&](const Verdict& verdict) { count_told(rates, verdict, subjects); });
  }
  return rates;
}

std::vector<Promised> promised_changes(const Cell& a, const Cell& b, const Floors& floors) {
  std::vector<Promised> changes;
  for (const Row& row : compare(a, b).rows) {
    if (row.kind == Row::Kind::category || !(row.step_total > 0)) continue;
    const double sure = std::max({0.0, row.difference.low, -row.difference.high});
    const bool of_itself = row.kind == Row::Kind::reason && row.a.median > floors.many &&
                           sure >= floors.reason * row.a.median;
    if (sure >= floors.total * row.step_total || of_itself)
      changes.push_back({row.subject(), row.change(), row.change() / row.step_total, row.share()});
  }
  std::ranges::stable_sort(changes, std::greater(),
                           [](const Promised& one) { return std::abs(one.of_total); });
  return changes;
}

}  // namespace lab::check
