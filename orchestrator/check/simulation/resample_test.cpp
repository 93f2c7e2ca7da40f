// SPDX-License-Identifier: MIT
#include "orchestrator/check/simulation/resample.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "orchestrator/check/cells_test.hpp"

namespace lab::check {
namespace {

TEST(Resample, FindsWhatIsThereAndNothingElse) {
  const Cell before = cells(trials(20, 2000)).at(0), after = cells(trials(10, 2400)).at(0);
  EXPECT_EQ(resample(before, after, 8, 20, {}, 1).regressed, 20u);
  EXPECT_EQ(resample(after, before, 8, 20, {}, 1).improved, 20u);
  EXPECT_EQ(resample(before, before, 8, 20, {}, 1).regressed, 0u);
  EXPECT_EQ(resample(before, after, 3, 20, {}, 1).cannot_tell, 20u);
}

// Tests the whole path: a suspicion that new trials do not confirm is no alarm.
TEST(Resample, ConfirmsWhatIsSuspected) {
  const Cell before = cells(trials(8, 2000)).at(0), after = cells(trials(8, 2400)).at(0);
  const auto again = [](std::uint64_t exits, bool same = false) {
    return [=](std::size_t count) {
      return Again{cells(trials(count, 2000)).at(0), cells(trials(count, exits)).at(0), same};
    };
  };
  Rates there, gone, same;
  try_check(before, after, again(2400), {}, there);
  try_check(before, after, again(2000), {}, gone);
  try_check(before, after, again(2400, true), {}, same);
  EXPECT_EQ(there.suspected, 1u);
  EXPECT_EQ(there.regressed, 1u);
  EXPECT_EQ(gone.suspected, 1u);
  EXPECT_EQ(gone.regressed, 0u);
  EXPECT_EQ(gone.passed, 1u);
  EXPECT_EQ(same.cannot_tell, 1u);
}

TEST(Resample, SidesOfOneCellShareNoTrial) {
  const Cell cell = cells(trials(20, 2000)).at(0);
  std::mt19937_64 random(1);
  for (const auto& [wanted, drawn] : {std::pair(5u, 5u), {10u, 10u}, {15u, 10u}}) {
    const auto [a, b] = draw_sides(cell, cell, wanted, random);
    std::set<std::string> ids;
    for (const Cell* side : {&a, &b}) {
      EXPECT_EQ(side->trials.size(), drawn);
      for (const Trial& trial : side->trials) ids.insert(trial.id);
    }
    EXPECT_EQ(ids.size(), 2 * drawn);
  }
}

TEST(Resample, DrawsNothingFromTooFew) {
  const Cell few = cells(trials(10, 2000)).at(0);
  EXPECT_EQ(resample(few, few, 8, 20, {}, 1).times, 0u);
}

TEST(Resample, OnlyWhatIsSureIsPromised) {
  const Cell before = cells(trials(20, 2000)).at(0);
  const Cell more = cells(trials(10, 2400)).at(0);
  const auto promised = promised_changes(before, more);
  ASSERT_EQ(promised.size(), 2u);
  EXPECT_TRUE(std::ranges::any_of(
      promised, [](const Promised& change) { return change.subject == "IOIO of boot"; }));
  const Rates rates = resample(before, more, 8, 20, {}, 1, {"IOIO of boot"});
  EXPECT_EQ(rates.promised, 20u);
  EXPECT_EQ(rates.told.at("IOIO of boot"), 20u);
  EXPECT_TRUE(promised_changes(before, cells(trials(10, 2050)).at(0)).empty());  // 2.5 % of IOIO
  std::vector<record::TrialCounts> noisy = trials(10, 2000);
  for (std::size_t i = 0; i < noisy.size(); ++i) {
    noisy[i].steps[0].reasons[0].second += i % 2 ? 6000 : -5000;
    noisy[i].steps[0].exits += i % 2 ? 6000 : -5000;
  }
  EXPECT_TRUE(promised_changes(before, cells(noisy).at(0)).empty());
}

}  // namespace
}  // namespace lab::check
