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
    for (const auto* findings : {&cell.regressions, &cell.improvements})
      for (const Finding& finding : *findings) subjects.insert(finding.row.subject());
  return subjects;
}

bool any_improved(const Verdict& verdict) {
  return std::ranges::any_of(verdict.cells,
                             [](const CellJudgement& cell) { return !cell.improvements.empty(); });
}

void count(Rates& rates, const Verdict& verdict, const std::set<std::string>& subjects) {
  rates.regressed += verdict.judgement() == Judgement::regressed;
  rates.cannot_tell += verdict.judgement() == Judgement::cannot_tell;
  rates.improved += any_improved(verdict);
  const std::set<std::string> found = told(verdict);
  for (const std::string& subject : found) ++rates.told[subject];
  rates.promised += std::ranges::any_of(
      subjects, [&](const std::string& subject) { return found.contains(subject); });
}

}  // namespace

Rates resample(const Cell& a, const Cell& b, std::size_t trials, std::size_t times,
               const GateOptions& options, std::uint64_t seed,
               const std::set<std::string>& subjects) {
  const bool same = &a == &b;
  Rates rates;
  if (a.trials.size() < (same ? 2 * trials : trials) || b.trials.size() < trials) return rates;
  const GateOptions gate = across_everything(options, a, b);
  std::mt19937_64 random(seed);
  for (; rates.times < times; ++rates.times) {
    std::vector<std::size_t> from_a = drawn(a.trials.size(), same ? 2 * trials : trials, random);
    std::vector<std::size_t> from_b =
        same ? std::vector(from_a.begin() + std::ptrdiff_t(trials), from_a.end())
             : drawn(b.trials.size(), trials, random);
    from_a.resize(trials);
    Cell after = slice(b, from_b);
    after.name = a.name;
    count(rates, judge({slice(a, from_a)}, {after}, gate), subjects);
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
