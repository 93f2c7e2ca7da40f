// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/runs.hpp"

#include <gmock/gmock.h>

#include <random>

namespace lab::check {
namespace {

TEST(Runs, ThatDifferSayWhereAnotherMayLie) {
  const auto found = other_run_interval({{99, 100, 101}, {109, 110, 111}, {104, 105, 106}});
  ASSERT_TRUE(found.has_value());
  // Student's t of two degrees, 95 %: 4.303; the medians deviate by 5.
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

// Of runs that vary, the next one lies there in 19 of 20 cases.
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

}  // namespace
}  // namespace lab::check
