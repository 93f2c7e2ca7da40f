// SPDX-License-Identifier: MIT
#include "orchestrator/check/simulation/resample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace lab::check {
namespace {

GateOptions across_everything(GateOptions options, const Cell& a, const Cell& b) {
  for (const Difference& difference : differences(a.conditions, b.conditions))
    options.across.insert(difference.key);
  return options;
}

// Returns the subjects of all findings, in either direction.
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

}  // namespace

void Rates::count(bool was_suspected, const Verdict& verdict) {
  ++times;
  suspected += was_suspected;
  regressed += verdict.judgement() == Judgement::regressed;
  cannot_tell += verdict.judgement() == Judgement::cannot_tell;
  passed += verdict.judgement() == Judgement::passed;
  improved += any_improved(verdict);
}

std::vector<std::size_t> draw(std::size_t from, std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> all(from);
  std::iota(all.begin(), all.end(), 0);
  std::ranges::shuffle(all, random);
  all.resize(std::min(from, count));
  return all;
}

std::pair<Cell, Cell> draw_sides(const Cell& a, const Cell& b, std::size_t trials,
                                 std::mt19937_64& random) {
  if (&a != &b)
    return {slice(a, draw(a.trials.size(), trials, random)),
            slice(b, draw(b.trials.size(), trials, random))};
  const std::vector<std::size_t> both = draw(a.trials.size(), 2 * trials, random);
  const std::span<const std::size_t> all(both);
  const std::size_t half = both.size() / 2;
  return {slice(a, all.first(half)), slice(a, all.last(half))};
}

Cell as_one_run(Cell cell) {
  for (Trial& trial : cell.trials) trial.run = "again";
  return cell;
}

void try_check(const Cell& a, const Cell& b, const TryAgain& again, const GateOptions& options,
               Rates& rates, const std::function<void(const Verdict&)>& look) {
  Verdict verdict = judge({a}, {b}, options);
  look(verdict);
  bool was_suspected = false;
  for (CellJudgement& cell : verdict.cells) {
    const std::vector<Finding> suspected = suspicions(cell);
    if (suspected.empty()) continue;
    was_suspected = true;
    const Again sides = again(trials_to_confirm(cell, options));
    settle(cell, confirm(suspected, sides.a, sides.b, options), sides.same_on_both_sides);
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
  const auto again = [&](std::size_t count) {
    auto [before, after] = draw_sides(a, b, count, random);
    return Again{as_one_run(std::move(before)), as_one_run(std::move(after))};
  };
  while (rates.times < times) {
    auto [before, after] = draw_sides(a, b, trials, random);
    after.name = a.name;
    try_check(before, after, again, gate, rates,
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
