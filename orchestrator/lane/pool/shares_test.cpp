// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/shares.hpp"

#include <gmock/gmock.h>

namespace lab::lane {
namespace {

using scenario::Exact;
using scenario::TrialPlan;
using testing::ElementsAre;
using testing::IsEmpty;

TrialPlan plan(const std::string& name, Exact exact, bool warmup = false) {
  TrialPlan plan{.scenario = "s", .name = name, .warmup = warmup};
  plan.cell = {{"kvm.paging", name.substr(0, name.find('#'))}};
  plan.settings.exact = exact;
  return plan;
}

std::vector<std::string> names(const Share& share) {
  std::vector<std::string> names;
  for (const TrialPlan& plan : share.plans) names.push_back(plan.name);
  return names;
}

TEST(Shares, AnExactTrialIsOne) {
  const auto shares = make_shares({plan("a#1", Exact::always), plan("a#2", Exact::always)});
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_THAT(names(shares[1]), ElementsAre("a#2"));
}

TEST(Shares, ACellThatDependsOnTheMachineIsOne) {
  const auto shares = make_shares(
      {plan("a#1", Exact::never), plan("a#2", Exact::never), plan("b#1", Exact::never)});
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_THAT(names(shares[0]), ElementsAre("a#1", "a#2"));
}

TEST(Shares, WhatIsBehindAWarmUpStaysWithIt) {
  const auto shares = make_shares(
      {plan("a#w1", Exact::always, true), plan("a#1", Exact::always), plan("a#2", Exact::always)});
  ASSERT_EQ(shares.size(), 1u);
}

TEST(Shares, AreNotGivenToALaneThatFailedThemWhereAnotherIsLeft) {
  Shares shares({plan("a#1", Exact::always)});
  EXPECT_THAT(shares.give_back(*shares.next(1, {1, 2}), "a#1", 1, true), IsEmpty());
  EXPECT_FALSE(shares.next(1, {1, 2}));
  EXPECT_TRUE(shares.next(2, {1, 2}));
}

TEST(Shares, AreGivenToALaneAgainWhereItIsTheLast) {
  Shares shares({plan("a#1", Exact::always)});
  EXPECT_THAT(shares.give_back(*shares.next(1, {1}), "a#1", 1, true), IsEmpty());
  EXPECT_TRUE(shares.next(1, {1}));
}

TEST(Shares, ATrialIsGivenBackThreeTimes) {
  Shares shares({plan("a#1", Exact::never), plan("a#2", Exact::never)});
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(shares.give_back(*shares.next(1, {1}), "a#1", 1, true), IsEmpty());
  EXPECT_THAT(shares.give_back(*shares.next(1, {1}), "a#1", 1, true), ElementsAre("a#1"));
  EXPECT_THAT(shares.names(), ElementsAre("a#2"));
}

TEST(Shares, AWarmUpThatIsGivenUpTakesWhatIsBehindItAlong) {
  Shares shares({plan("a#w1", Exact::never, true), plan("a#1", Exact::never)});
  EXPECT_THAT(shares.give_back(*shares.next(1, {1}), "a#w1", 1, false), ElementsAre("a#w1", "a#1"));
  EXPECT_TRUE(shares.empty());
}

TEST(Shares, OfOnlyAWarmUpNothingIsLeftToDo) {
  Shares shares({plan("a#w1", Exact::never, true), plan("a#1", Exact::never)});
  Share share = *shares.next(1, {1});
  share.plans.pop_back();
  EXPECT_THAT(shares.give_back(std::move(share), "a#1", 1, true), IsEmpty());
  EXPECT_TRUE(shares.empty());
}

}  // namespace
}  // namespace lab::lane
