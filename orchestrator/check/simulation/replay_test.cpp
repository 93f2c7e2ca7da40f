// SPDX-License-Identifier: MIT
#include "orchestrator/check/simulation/replay.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "orchestrator/check/cells_test.hpp"

namespace lab::check {
namespace {

constexpr std::size_t nights = 20;

// Returns runs of 10 trials each, with so many IOIO exits.
Cell runs(std::initializer_list<std::uint64_t> ioio_exits) {
  std::vector<record::TrialCounts> all;
  for (const std::uint64_t exits : ioio_exits)
    for (const auto& one : trials(10, exits, usual, fmt::format("run-{}", all.size())))
      all.push_back(one);
  return cells(all).at(0);
}

Row ioio_row(const Cell& cell) {
  const Comparison comparison = compare(cell, cell);
  return *std::ranges::find(comparison.rows, "IOIO of boot", &Row::subject);
}

TEST(Replay, NothingThatChangedIsAPass) {
  const Cell usual_runs = runs({2000, 2000, 2000, 2000});
  for (const bool differs : {false, true}) {
    const Replayed result = replay(usual_runs, {.a_condition_differs = differs}, nights, {}, 1);
    EXPECT_EQ(result.rates.passed, nights);
    EXPECT_EQ(result.rates.suspected + result.refused + result.wanted_more, 0u);
  }
}

// Where no condition differs, an injected change is no regression, and no pass either.
TEST(Replay, WhatIsPutInIsFound) {
  const Cell usual_runs = runs({2000, 2000, 2000, 2000});
  Night night{.a_condition_differs = true, .injected = Injection{ioio_row(usual_runs), 0.3}};
  EXPECT_EQ(replay(usual_runs, night, nights, {}, 1).rates.regressed, nights);
  night.a_condition_differs = false;
  EXPECT_EQ(replay(usual_runs, night, nights, {}, 1).rates.cannot_tell, nights);
}

// No baseline with the slow run is accepted. In the slow night itself nothing passes, and
// alternating trials of both sides find nothing, as they share the hour.
TEST(Replay, TheNightsRunIsNoneOfTheBaselines) {
  const Cell one_is_slow = runs({2000, 2000, 3000, 2000});
  const Replayed slow = replay(one_is_slow, {}, nights, {}, 1);
  EXPECT_GT(slow.refused, 0u);
  EXPECT_GT(slow.rates.times, 0u);
  EXPECT_EQ(slow.rates.suspected, slow.rates.times);
  EXPECT_EQ(slow.rates.cannot_tell, slow.rates.times);
  const Rates in_turn = replay(one_is_slow, {.a_condition_differs = true}, nights, {}, 1).rates;
  EXPECT_EQ(in_turn.suspected, in_turn.times);
  EXPECT_LE(in_turn.regressed, 1u);  // 1 % is promised
}

TEST(Replay, NeedsRuns) {
  EXPECT_EQ(replay(runs({2000, 2000}), {}, nights, {}, 1).rates.times, 0u);
  const Replayed few = replay(cells(trials(4, 2000)).at(0), {}, nights, {}, 1);
  EXPECT_EQ(few.rates.times, 0u);
}

TEST(Replay, ARunHasNoMoreTrialsThanItHas) {
  std::vector<record::TrialCounts> all;
  for (const char* run : {"a", "b", "c"})
    for (const auto& one : trials(5, 2000, usual, run)) all.push_back(one);
  const Replayed result = replay(cells(all).at(0), {.baseline = 10}, nights, {}, 1);
  EXPECT_EQ(result.wanted_more, nights);
}

TEST(Replay, OnlyLargeReasonsMustNotPass) {
  const Cell cell = runs({2000, 2000});  // 20,000 of HLT, 50 of MSR
  const auto subjects = [&](double share) {
    std::vector<std::string> all;
    for (const Row& row : reasons_that_must_not_pass(cell, share, {})) all.push_back(row.subject());
    return all;
  };
  EXPECT_THAT(subjects(0.5), testing::ElementsAre("HLT of boot", "IOIO of boot"));
  EXPECT_THAT(subjects(0.1), testing::ElementsAre("HLT of boot"));  // 10 % of IOIO: two floors
}

}  // namespace
}  // namespace lab::check
