// SPDX-License-Identifier: MIT
#include "orchestrator/check/planning.hpp"

#include <gmock/gmock.h>

#include "orchestrator/check/cells_test.hpp"

namespace lab::check {
namespace {

TEST(Planning, PlansTrialsThatCanShowSomething) {
  for (const std::size_t count : {5u, 8u, 40u, 100u}) {
    const auto baseline = cells(trials(count, 2000));
    const auto needed = trials_for("s", baseline, "", {});
    ASSERT_TRUE(needed.has_value());
    EXPECT_GE(*needed, fewest_new_trials);  // whatever the baseline has
    EXPECT_EQ(judge(baseline, cells(trials(*needed, 20'000)), {}).judgement(), Judgement::regressed)
        << count << " + " << *needed;
  }
  EXPECT_EQ(trials_for("s", cells(trials(1, 2000)), "", {}), std::nullopt);
}

// Exact cells need one trial, and their tests do not count for the others' alpha.
TEST(Planning, DeterministicCellsAreNotMixedWithOthers) {
  auto exact = usual;
  exact["exact"] = "icount";
  std::vector<record::TrialCounts> few = trials(2, 2000, exact);
  for (auto& one : few) one.scenario = "exact";
  std::vector<Cell> both = cells(trials(16, 2000));
  both.push_back(cells(few).at(0));
  EXPECT_EQ(trials_for("exact", both, "", {}), 1u);
  EXPECT_EQ(trials_for("s", both, "", {}), trials_for("s", cells(trials(16, 2000)), "", {}));
}

// Two trials on kvm need many new ones, but do not count in a check on svm.
TEST(Planning, SitesAreNotMixed) {
  auto on_kvm = usual;
  on_kvm["site"] = "kvm";
  std::vector<Cell> both = cells(trials(16, 2000));
  both.push_back(cells(trials(2, 2000, on_kvm)).at(0));
  EXPECT_EQ(trials_for("s", both, "svm", {}), fewest_new_trials);
  EXPECT_NE(trials_for("s", both, "kvm", {}), fewest_new_trials);
  EXPECT_NE(trials_for("s", both, "", {}), fewest_new_trials);
}

// As many trials are planned as let an unchanged cell pass, where the baseline's spread permits.
TEST(Planning, TrialsThatVaryNeedMore) {
  const auto varied = [](std::size_t count, std::uint64_t by) {
    auto all = trials(count, 10'000);
    for (std::size_t i = 0; i < count; ++i)
      all[i].steps[0].reasons[1].second += by * i / (count - 1);
    for (auto& one : all) one.steps[0].exits = 30'000 + one.steps[0].reasons[1].second;
    return cells(all);
  };
  EXPECT_EQ(trials_for("s", varied(20, 200), "", {}), fewest_new_trials);
  const auto needed = trials_for("s", varied(20, 4200), "", {});
  ASSERT_TRUE(needed.has_value());
  EXPECT_GT(*needed, fewest_new_trials);
  EXPECT_LE(*needed, most_planned_trials);
  EXPECT_EQ(judge(varied(20, 4200), varied(*needed, 4200), {}).judgement(), Judgement::passed);
  EXPECT_EQ(trials_for("s", varied(20, 40'000), "", {}), fewest_new_trials);  // no number suffices
}

}  // namespace
}  // namespace lab::check
