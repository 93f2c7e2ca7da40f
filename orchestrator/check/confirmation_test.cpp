// SPDX-License-Identifier: MIT
#include "orchestrator/check/confirmation.hpp"

#include <gmock/gmock.h>

#include "orchestrator/check/cells_test.hpp"

namespace lab::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Confirmation, ConfirmsWhatIsThereAgain) {
  const auto before = cells(trials(8, 2000)), after = cells(trials(8, 2400));
  const auto suspected = judge(before, after, {}).cells.at(0).regressions;
  EXPECT_EQ(confirm(suspected, before.at(0), after.at(0), {}).confirmed.size(), 2u);
  EXPECT_EQ(confirm(suspected, before.at(0), before.at(0), {}).refuted.size(), 2u);
  const auto more = cells(trials(2, 2400));
  const Confirmation undecided = confirm(suspected, cells(trials(2, 2000)).at(0), more.at(0), {});
  EXPECT_TRUE(undecided.confirmed.empty());
  EXPECT_THAT(undecided.cannot_tell, SizeIs(2));
  Cell other = after.at(0);
  other.steps[0].step = "reboot";
  EXPECT_THAT(confirm(suspected, before.at(0), other, {}).cannot_tell, SizeIs(2));
}

// The median is a little lower, but trials vary so much that the change may be there all the same.
TEST(Confirmation, WhatTrialsCannotExcludeIsNotRefuted) {
  const auto before = cells(trials(8, 2000)), after = cells(trials(8, 2400));
  const auto suspected = judge(before, after, {}).cells.at(0).regressions;
  auto noisy = trials(8, 1990);
  for (std::size_t i = 0; i < noisy.size(); ++i)
    noisy[i].steps[0].reasons[1].second += i % 4 * 1000;
  for (auto& one : noisy) one.steps[0].exits = 20'000 + one.steps[0].reasons[1].second;
  auto usual_ones = noisy;
  for (auto& one : usual_ones) one.steps[0].reasons[1].second += 5;
  const Confirmation again = confirm(suspected, cells(usual_ones).at(0), cells(noisy).at(0), {});
  EXPECT_THAT(again.confirmed, IsEmpty());
  EXPECT_THAT(again.cannot_tell, testing::Contains(HasSubstr("IOIO of boot")));
}

CellJudgement suspicious(const record::Conditions& conditions = usual) {
  return judge(cells(trials(8, 2000, conditions)), cells(trials(8, 2400, conditions)), {})
      .cells.at(0);
}

Confirmation confirmed(const CellJudgement& judgement) {
  return {.confirmed = judgement.regressions};
}

TEST(Confirmation, ItsAnswerTakesTheSuspicionsPlace) {
  CellJudgement judgement = suspicious();
  settle(judgement, confirmed(judgement), false);
  EXPECT_THAT(judgement.regressions, SizeIs(2));
  EXPECT_THAT(judgement.cannot_tell, IsEmpty());
  settle(judgement, {.refuted = judgement.regressions}, false);
  EXPECT_THAT(judgement.regressions, IsEmpty());
  EXPECT_THAT(judgement.cannot_tell, IsEmpty());
  judgement = suspicious();
  std::swap(judgement.regressions, judgement.suspected);
  settle(judgement, {.confirmed = judgement.suspected}, false);
  EXPECT_THAT(judgement.regressions, SizeIs(2));
  EXPECT_THAT(judgement.suspected, IsEmpty());
}

// A machine is slow all night: no condition differs, yet the difference shows again.
TEST(Confirmation, WithoutAKnownCauseItIsNoRegressionAndNoPass) {
  CellJudgement judgement = suspicious();
  settle(judgement, confirmed(judgement), true);
  EXPECT_THAT(judgement.regressions, IsEmpty());
  EXPECT_THAT(judgement.cannot_tell,
              testing::Each(HasSubstr("its cause is not among the conditions")));
  auto conditions = usual;
  conditions["exact"] = "icount";
  judgement = suspicious(conditions);
  ASSERT_TRUE(judgement.comparison.exact);
  settle(judgement, confirmed(judgement), true);
  EXPECT_THAT(judgement.regressions, SizeIs(2));
}

TEST(Confirmation, RunsAsManyTrialsAsCanShowIt) {
  CellJudgement judgement = suspicious();
  EXPECT_EQ(trials_to_confirm(judgement, {}), 9u);  // complete separation in two rows, and three
  judgement.comparison.exact = true;
  EXPECT_EQ(trials_to_confirm(judgement, {}), 1u);
  judgement = suspicious();
  for (Finding& finding : judgement.regressions) {
    finding.row.intermittent = true;
    finding.row.beyond = 4;  // half of them
  }
  const std::size_t needed = trials_to_confirm(judgement, {});
  EXPECT_LT(exceedance_p(needed, needed, needed / 2) * 4, 0.01);
  EXPECT_GE(exceedance_p(needed - 1, needed - 1, (needed - 1) / 2) * 4, 0.01);
}

}  // namespace
}  // namespace lab::check
