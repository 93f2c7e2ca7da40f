// SPDX-License-Identifier: MIT
// Finds the causes of the changes in a comparison or a judgement.
#include <algorithm>

#include "orchestrator/check/gate.hpp"

namespace lab::check {
namespace {

bool belongs_to(const Row& row, const CauseChange& change) {
  if (change.step != row.step || change.guest != row.guest) return false;
  if (row.kind == Row::Kind::total) return true;
  return row.kind == Row::Kind::reason && change.number == row.number;
}

}  // namespace

void name_causes(Comparison& comparison, std::span<const record::Record> a,
                 std::span<const record::Record> b) {
  for (const auto& [before, after] : pair_steps(sum_causes(a), sum_causes(b)).pairs)
    for (CauseChange& change : cause_changes(before, after))
      if (change.change() != 0) comparison.causes.push_back(std::move(change));
}

std::vector<CauseChange> matching_changes(const Row& row, const std::vector<CauseChange>& changes) {
  std::vector<CauseChange> own;
  std::ranges::copy_if(changes, std::back_inserter(own),
                       [&](const CauseChange& change) { return belongs_to(row, change); });
  return own;
}

void name_causes(CellJudgement& judgement, std::span<const record::Record> a,
                 std::span<const record::Record> b) {
  name_causes(judgement.comparison, a, b);
  for (auto* findings : {&judgement.regressions, &judgement.improvements, &judgement.suspected,
                         &judgement.below_floor})
    for (Finding& finding : *findings)
      finding.changed = matching_changes(finding.row, judgement.comparison.causes);
}

}  // namespace lab::check
