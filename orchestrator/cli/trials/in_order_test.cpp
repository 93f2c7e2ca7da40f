// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/in_order.hpp"

#include <gmock/gmock.h>

namespace lab::cli {
namespace {

using record::Record;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<scenario::TrialPlan> plans(const std::vector<std::string>& names) {
  std::vector<scenario::TrialPlan> plans(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) plans[i].name = names[i];
  return plans;
}

Record named(const std::string& trial, const std::string& id = "") {
  Record record;
  record.trial = trial;
  record.id = id;
  return record;
}

std::vector<std::string> names(const std::vector<const Record*>& records) {
  std::vector<std::string> names;
  for (const Record* record : records) names.push_back(record->trial);
  return names;
}

TEST(InOrder, ShowsARecordWhenAllBeforeItAreDone) {
  const std::vector<scenario::TrialPlan> all = plans({"a", "b", "c"});
  InOrder order(all);
  order.done("b", named("b"));
  EXPECT_THAT(order.next(), IsEmpty());
  order.done("a", named("a"));
  EXPECT_THAT(names(order.next()), ElementsAre("a", "b"));
  EXPECT_THAT(order.next(), IsEmpty());
  order.done("c", named("c"));
  EXPECT_THAT(names(order.next()), ElementsAre("c"));
}

TEST(InOrder, ShowsTheRestWhereOneIsMissing) {
  const std::vector<scenario::TrialPlan> all = plans({"a", "b", "c"});
  InOrder order(all);
  order.done("a", named("a"));
  order.next();
  order.done("c", named("c"));
  EXPECT_THAT(names(order.rest()), ElementsAre("c"));
  ASSERT_EQ(order.missing().size(), 1u);
  EXPECT_EQ(order.missing()[0].name, "b");
  EXPECT_EQ(order.records().size(), 2u);
}

TEST(InOrder, ForgetsWhatWasShown) {
  const std::vector<scenario::TrialPlan> all = plans({"a", "b", "c", "d"});
  InOrder order(all);
  order.done("c", named("c"));
  order.done("a", named("a"));
  EXPECT_THAT(names(order.next()), ElementsAre("a"));
  order.forget_shown();
  EXPECT_EQ(order.records().size(), 1u);  // c
  EXPECT_EQ(order.count(), 2u);
  order.done("b", named("b"));
  EXPECT_THAT(names(order.next()), ElementsAre("b", "c"));
  order.forget_shown();
  EXPECT_THAT(order.records(), IsEmpty());
  ASSERT_EQ(order.missing().size(), 1u);
  EXPECT_EQ(order.missing()[0].name, "d");
}

TEST(InOrder, AWarmUpIsDoneWithoutARecord) {
  const std::vector<scenario::TrialPlan> all = plans({"warm", "a"});
  InOrder order(all);
  order.done("a", named("a"));
  order.done("warm", std::nullopt);
  EXPECT_THAT(names(order.next()), ElementsAre("a"));
  EXPECT_THAT(order.missing(), IsEmpty());
}

TEST(InOrder, TwoTrialsOfOneNameAreTwo) {
  const std::vector<scenario::TrialPlan> all = plans({"a", "a"});
  InOrder order(all);
  order.done("a", named("a", "first"));
  EXPECT_EQ(order.missing().size(), 1u);
  order.done("a", named("a", "second"));
  ASSERT_EQ(order.records().size(), 2u);
  EXPECT_EQ(order.records()[1].id, "second");
}

}  // namespace
}  // namespace lab::cli
