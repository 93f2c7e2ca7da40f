// SPDX-License-Identifier: MIT
#include "orchestrator/check/resample.hpp"

#include <gmock/gmock.h>

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

TEST(Resample, DrawsNothingFromTooFew) {
  const Cell few = cells(trials(10, 2000)).at(0);
  EXPECT_EQ(resample(few, few, 8, 20, {}, 1).times, 0u);
}

TEST(Resample, OnlyWhatIsSureIsPromised) {
  const Cell before = cells(trials(20, 2000)).at(0);
  EXPECT_TRUE(largest_change(before, cells(trials(10, 2400)).at(0)).promised);
  EXPECT_FALSE(largest_change(before, cells(trials(10, 2050)).at(0)).promised);  // 2.5 % of IOIO
  std::vector<record::TrialCounts> noisy = trials(10, 2000);
  for (std::size_t i = 0; i < noisy.size(); ++i) {
    noisy[i].steps[0].reasons[0].second += i % 2 ? 6000 : -5000;
    noisy[i].steps[0].exits += i % 2 ? 6000 : -5000;
  }
  EXPECT_FALSE(largest_change(before, cells(noisy).at(0)).promised);
}

}  // namespace
}  // namespace lab::check
