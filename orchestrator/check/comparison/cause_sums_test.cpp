// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/cause_sums.hpp"

#include <gmock/gmock.h>

#include "orchestrator/check/comparison/causes_record.hpp"

namespace lab::check {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::uint64_t sum(const StepCauses& step) {
  std::uint64_t exits = 0;
  for (const CauseSum& cause : step.causes) exits += cause.exits;
  return exits;
}

const CauseSum& find(const StepCauses& step, const std::string& place) {
  return *std::ranges::find(step.causes, place, &CauseSum::place);
}

TEST(CauseSums, AreOfAllTrialsAndAddUp) {
  const std::vector<record::Record> records = {trial_with_causes(1), trial_with_causes(2, 100)};
  const auto steps = sum_causes(records);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].cell, "boot-count[paging=nested]");
  EXPECT_EQ(steps[0].trials, 2u);
  EXPECT_EQ(steps[0].exits, 2 * 50677u + 100);
  EXPECT_EQ(sum(steps[0]), steps[0].exits);
  EXPECT_EQ(find(steps[0], "serial8250_console_putchar").exits, 2 * 3854u + 100);
  EXPECT_EQ(find(steps[0], "serial8250_console_putchar").cycles, 5000000u);
  EXPECT_EQ(find(steps[0], "(lost)").exits, 80u);
  EXPECT_EQ(find(steps[0], "(lost)").cycles, std::nullopt);
}

TEST(CauseSums, StepsWithoutCausesAreNoStepsWithZero) {
  record::Record without = trial_with_causes();
  without.steps[0].causes.clear();
  without.steps[0].causes_lost.clear();
  EXPECT_THAT(sum_causes({&without, 1}), IsEmpty());
  const std::vector<record::Record> records = {trial_with_causes(1), without};
  EXPECT_EQ(sum_causes(records).at(0).trials, 1u);
}

TEST(CauseSums, KeepCellsAndGuestsApart) {
  std::vector<record::Record> records = {trial_with_causes(1), trial_with_causes(2)};
  records[1].trial = "boot-count[paging=shadow]#1";
  records[1].steps.push_back(records[1].steps[0]);
  records[1].steps[1].guest = 2;
  EXPECT_EQ(sum_causes(records).size(), 3u);
}

record::Record on_vmx(record::Record record) {
  for (auto& [key, value] : record.conditions)
    if (key == record::condition::vendor) value = "vmx";
  return record;
}

// The same number is a different reason with the other vendor.
TEST(CauseSums, KeepVendorsApart) {
  const std::vector<record::Record> records = {trial_with_causes(1), on_vmx(trial_with_causes(2))};
  const auto steps = sum_causes(records);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].trials, 1u);
  EXPECT_EQ(steps[0].vendor, "svm");
  EXPECT_EQ(steps[1].vendor, "vmx");
}

TEST(CauseSums, ByDetailPlacesAreOne) {
  const record::Record record = trial_with_causes();
  const StepCauses step = sum_causes({&record, 1}).at(0);
  const StepCauses by_place = merged(step, By::place);
  EXPECT_EQ(find(by_place, "pci_conf1_read").exits, 8615u + 7004);
  EXPECT_EQ(find(by_place, "pci_conf1_read").detail, "");
  EXPECT_EQ(sum(by_place), step.exits);
  EXPECT_EQ(sum(merged(step, By::detail)), step.exits);
  EXPECT_EQ(merged(step, By::both), step);
}

TEST(CauseChanges, TheLargestMoveIsFirst) {
  record::Record before = trial_with_causes(1), after = trial_with_causes(2, 16871);
  after.steps[0].causes[1].place = "pci_mmcfg_read";  // moved from one function to another
  const auto changes = cause_changes(sum_causes({&before, 1}).at(0), sum_causes({&after, 1}).at(0));
  ASSERT_GE(changes.size(), 3u);
  EXPECT_EQ(changes[0].place, "serial8250_console_putchar");
  EXPECT_EQ(changes[0].change(), 16871);
  EXPECT_TRUE(changes[0].in_a && changes[0].in_b);
  EXPECT_EQ(changes[1].change() + changes[2].change(), 0);
  for (const CauseChange& one : {changes[1], changes[2]})
    EXPECT_EQ(one.in_a, one.place == "pci_conf1_read") << one.place;
  EXPECT_EQ(changes[3].change(), 0);
}

TEST(CauseChanges, AreOfATrialHoweverManyEitherSideHas) {
  const std::vector<record::Record> a = {trial_with_causes(1), trial_with_causes(2)},
                                    b = {trial_with_causes(3, 30), trial_with_causes(4, 30),
                                         trial_with_causes(5, 60)};
  const auto changes = cause_changes(sum_causes(a).at(0), sum_causes(b).at(0));
  EXPECT_EQ(changes[0].change(), 40);
  EXPECT_EQ(changes[1].change(), 0);
}

TEST(CauseChanges, PairStepsOfOneNameOrOfTheOnlyCells) {
  std::vector<record::Record> a = {trial_with_causes(1)}, b = {trial_with_causes(2)};
  b[0].trial = "boot-count[paging=shadow]#1";
  EXPECT_EQ(pair_steps(sum_causes(a), sum_causes(b)).pairs.size(), 1u);
  b.push_back(trial_with_causes(3));
  const StepPairs two = pair_steps(sum_causes(a), sum_causes(b));
  ASSERT_EQ(two.pairs.size(), 1u);
  EXPECT_EQ(two.pairs[0].second.cell, "boot-count[paging=nested]");
  EXPECT_THAT(two.only_b, ElementsAre("boot of boot-count[paging=shadow]"));
  EXPECT_THAT(two.only_a, IsEmpty());
}

TEST(CauseChanges, PairStepsOfOneVendorOnly) {
  const std::vector<record::Record> a = {trial_with_causes(1)}, b = {on_vmx(trial_with_causes(2))};
  EXPECT_THAT(pair_steps(sum_causes(a), sum_causes(b)).pairs, IsEmpty());
  const std::vector<record::Record> both = {a[0], b[0]};
  EXPECT_EQ(pair_steps(sum_causes(both), sum_causes(b)).pairs.size(), 1u);
}

}  // namespace
}  // namespace lab::check
