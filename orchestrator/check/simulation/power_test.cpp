// SPDX-License-Identifier: MIT
#include "orchestrator/check/simulation/power.hpp"

#include <gmock/gmock.h>

namespace lab::check {
namespace {

constexpr std::size_t checks = 20;

Rates rates_of(Made made) {
  made.reasons = 9;
  const Rates rates = power(made, checks, {}, 1);
  EXPECT_EQ(rates.times, checks);
  EXPECT_EQ(rates.regressed + rates.cannot_tell + rates.passed, checks);
  return rates;
}

TEST(Power, WhatIsThereIsFoundAndWhatIsNotIsNot) {
  EXPECT_GE(rates_of({.spread = 0.02, .trials = 0}).passed, checks - 2);
  EXPECT_EQ(rates_of({.spread = 0.02, .trials = 0}).regressed, 0u);
  EXPECT_GE(rates_of({.spread = 0.02, .trials = 0, .change = 0.2}).regressed, checks - 2);
  EXPECT_GE(rates_of({.spread = 0.1, .trials = 0, .change = 1}).regressed, checks - 4);
}

// With 8 and 8 trials that vary by 10 %, half of the checks found +30 %; the rest passed.
TEST(Power, WhatMayBeThereIsNoPass) {
  EXPECT_LE(rates_of({.spread = 0.1, .change = 0.3}).passed, checks / 20);
  EXPECT_LE(rates_of({.spread = 0.25, .change = 0.5}).passed, checks / 20);
  EXPECT_LE(rates_of({.spread = 0.02, .change = 1, .share_of_trials = 0.5}).passed, checks / 8);
}

// Runs differ as much as trials do: a confirmation by alternating trials refutes a false change.
TEST(Power, RunsThatDifferAreNoRegression) {
  const Rates rates = rates_of({.spread = 0.02, .run_spread = 0.03, .baseline = 16, .trials = 0});
  EXPECT_GT(rates.suspected, 0u);
  EXPECT_LE(rates.regressed, 1u);
}

// A night that is low by itself hides a change: by trials alone, 12 % of checks passed it.
TEST(Power, RunsThatDifferHideNothingFromAPass) {
  Made made{.spread = 0.05, .run_spread = 0.1, .baseline = 16, .trials = 0, .change = 0.3};
  const Rates rates = power(made, 100, {}, 7);
  EXPECT_LE(rates.passed, 5u);
  // A row's own runs may show what those of other rows do not: 3 rows of 29.
  made.spread = 0.02;
  made.run_reasons = 3;
  EXPECT_LE(power(made, 100, {}, 7).passed, 6u);
}

// Two runs that do not differ permit a pass, though two values say little about how runs vary.
TEST(Power, RunsThatDoNotDifferLetPass) {
  EXPECT_GE(power({.spread = 0.05, .baseline = 16, .trials = 0}, 50, {}, 7).passed, 49u);
  EXPECT_GE(power({.spread = 0.1, .baseline = 16, .trials = 0}, 50, {}, 7).passed, 40u);
}

}  // namespace
}  // namespace lab::check
