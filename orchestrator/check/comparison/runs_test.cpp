// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/runs.hpp"

#include <gmock/gmock.h>

#include <random>

namespace lab::check {
namespace {

TEST(Runs, ThatDifferSayWhereAnotherMayLie) {
  const auto found = other_run_interval({{99, 100, 101}, {109, 110, 111}, {104, 105, 106}});
  ASSERT_TRUE(found.has_value());
  // Student's t of two degrees is 4.303 at 95 %; the medians deviate by 5.
  EXPECT_NEAR(found->low, 105 - 4.303 * 5 * std::sqrt(4.0 / 3), 0.01);
  EXPECT_NEAR(found->high, 105 + 4.303 * 5 * std::sqrt(4.0 / 3), 0.01);
}

TEST(Runs, ThatAreAlikeOrAloneSayNothing) {
  EXPECT_FALSE(other_run_interval({{1, 2, 3}}).has_value());
  EXPECT_FALSE(other_run_interval({}).has_value());
  EXPECT_FALSE(other_run_interval({{1}, {5}, {9}}).has_value());  // a trial each
  EXPECT_FALSE(other_run_interval({{5, 5}, {5, 5}}).has_value());
  EXPECT_FALSE(other_run_interval({{1, 5, 9}, {2, 6, 8}}).has_value());
  EXPECT_TRUE(other_run_interval({{5, 5}, {6, 6}}).has_value());
}

// For runs that vary, the next one lies in the interval in 19 of 20 cases.
TEST(Runs, TheNextOneLiesThere) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> level(1000, 50), noise(0, 5);
  int inside = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<std::vector<double>> runs(4);
    for (auto& run : runs) {
      const double of_run = level(random);
      for (int k = 0; k < 8; ++k) run.push_back(of_run + noise(random));
    }
    const double next = level(random) + noise(random);
    const auto found = other_run_interval(runs);
    inside += found && next >= found->low && next <= found->high;
  }
  EXPECT_GE(inside, 460);
  EXPECT_LE(inside, 490);
}

TEST(Runs, DifferByNothingInTheMedian) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(1000, 5);
  int above = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<std::vector<double>> runs(3);
    for (auto& run : runs)
      for (int k = 0; k < 8; ++k) run.push_back(noise(random));
    above += run_ratio(runs).value() > 1;
  }
  EXPECT_GE(above, 220);
  EXPECT_LE(above, 280);
  EXPECT_FALSE(run_ratio({{1, 2, 3}}).has_value());
  EXPECT_FALSE(run_ratio({{1, 1}, {2, 2}}).has_value());
}

// The means are 100 and 110; the variance within runs is 4, between them it is 5 * (25 + 25).
TEST(Runs, AreWeighedTogetherWithWhatIsUsual) {
  const std::vector<std::vector<double>> runs = {{98, 98, 100, 102, 102},
                                                 {108, 108, 110, 112, 112}};
  const double within = 4, between = 250;
  const RunSpread usual = run_spread(runs, 1).value(), wide = run_spread(runs, 20).value();
  EXPECT_DOUBLE_EQ(usual.freedom, 4);  // one of two runs, and three of the usual ratio
  EXPECT_DOUBLE_EQ(usual.runs, 2);
  EXPECT_NEAR(usual.deviation, std::sqrt(((3 * within + between) / 4 - within) / 5), 1e-9);
  EXPECT_NEAR(wide.deviation, std::sqrt(((3 * 20 * within + between) / 4 - within) / 5), 1e-9);
  EXPECT_DOUBLE_EQ(run_spread({{1, 5, 9}, {2, 6, 8}}, 1)->deviation, 0);
  EXPECT_FALSE(run_spread({{1, 2, 3}}, 1).has_value());
  EXPECT_FALSE(run_spread({{1}, {2}}, 1).has_value());
  EXPECT_LT(run_spread({{1, 2, 3, 4, 5, 6}, {2}}, 1)->runs, 1.5);
}

TEST(Runs, StretchWhatTrialsLeaveOpen) {
  // Student's t of four degrees is 2.776 at 95 %.
  EXPECT_NEAR(reach_between_runs(10, {.deviation = 0, .freedom = 4, .runs = 2}), 10 * 2.776 / 1.96,
              0.01);
  EXPECT_NEAR(reach_between_runs(0, {.deviation = 5, .freedom = 4, .runs = 2}),
              2.776 * 5 * std::sqrt(1.5), 0.01);
  EXPECT_NEAR(reach_between_runs(10, {.deviation = 5, .freedom = 1e6, .runs = 1e9}),
              std::hypot(10, 1.96 * 5), 0.01);
}

}  // namespace
}  // namespace lab::check
