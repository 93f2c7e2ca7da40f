// SPDX-License-Identifier: MIT
#include "orchestrator/record/rates.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace lab::record {
namespace {

using testing::DoubleNear;

// Returns ten samples a second, with so many exits in each sample of a second, all of reason 10.
Timeline line(const std::vector<std::uint64_t>& by_second) {
  Timeline timeline;
  timeline.numbers = {10, 48};
  for (std::size_t i = 0; i < by_second.size() * 10; ++i)
    timeline.samples.push_back({double(i + 1) / 10, {by_second[i / 10], 0}});
  return timeline;
}

TEST(Rates, SteadyIsZero) {
  const Stretch part = stretch(line({5, 5, 5, 5}), "x", 0, 4);
  EXPECT_THAT(part.exits, DoubleNear(200, 1e-6));
  EXPECT_THAT(part.rate(), DoubleNear(50, 1e-6));
  EXPECT_EQ(part.windows, 4u);
  EXPECT_THAT(part.variation.value(), DoubleNear(0, 1e-6));
}

TEST(Rates, VariationIsDeviationByMean) {
  // 10, 30 and 20 a second have a mean of 20 and a standard deviation of sqrt(200 / 3).
  const Stretch part = stretch(line({1, 3, 2}), "x", 0, 3);
  EXPECT_THAT(part.variation.value(), DoubleNear(std::sqrt(200.0 / 3) / 20, 1e-6));
  EXPECT_THAT(part.least, DoubleNear(10, 1e-6));
  EXPECT_THAT(part.most, DoubleNear(30, 1e-6));
}

TEST(Rates, TooShortOrEmptyHasNoVariation) {
  EXPECT_EQ(stretch(line({1, 3, 2}), "x", 0, 2.9).variation, std::nullopt);
  EXPECT_EQ(stretch(line({0, 0, 0, 0}), "x", 0, 4).variation, std::nullopt);
  EXPECT_EQ(stretch({}, "x", 0, 9).rate(), 0);
  EXPECT_EQ(stretch(line({1}), "x", 5, 2).exits, 0);
}

TEST(Rates, EdgesCountByTheirShare) {
  EXPECT_THAT(stretch(line({10}), "x", 0.05, 0.1).exits, DoubleNear(5, 1e-6));
}

TEST(Rates, PhasesLieBetweenMilestones) {
  Timeline timeline = line({1, 2, 3});
  timeline.milestones = {{"start", 0}, {"kernel", 1}, {"init", 3}};
  const auto parts = phases(timeline);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].name, "kernel → init");
  EXPECT_THAT(parts[1].rate(), DoubleNear(25, 1e-6));
}

TEST(Rates, StepsOfTheFirstGuest) {
  Record record;
  record.timeline = line({1, 2, 3});
  Step step;
  step.name = "boot";
  step.begin = 1;
  step.seconds = 2;
  Step other = step;
  other.guest = 2;
  Step untimed;
  record.steps = {step, other, untimed};
  const auto parts = step_stretches(record);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_THAT(parts[0].exits, DoubleNear(50, 1e-6));
  record.timeline.reset();
  EXPECT_TRUE(step_stretches(record).empty());
}

TEST(Rates, BusiestDoNotOverlapAndSayTheirReasons) {
  Timeline timeline = line({1, 9, 1, 5, 1});
  for (Timeline::Sample& sample : timeline.samples)
    if (sample.seconds > 1 && sample.seconds < 2.05) sample.exits = {2, 7};
  const auto bursts = busiest(timeline, 2);
  ASSERT_EQ(bursts.size(), 2u);
  EXPECT_THAT(bursts[0].begin, DoubleNear(1, 1e-6));
  EXPECT_THAT(bursts[0].exits, DoubleNear(90, 1e-6));
  ASSERT_EQ(bursts[0].reasons.size(), 2u);
  EXPECT_EQ(bursts[0].reasons[0].first, 48u);
  EXPECT_THAT(bursts[0].reasons[0].second, DoubleNear(70, 1e-6));
  EXPECT_THAT(bursts[1].begin, DoubleNear(3, 1e-6));
  EXPECT_TRUE(busiest(line({0, 0}), 3).empty());
  EXPECT_TRUE(busiest({}, 3).empty());
}

TEST(Rates, RareSamplesMakeTheWindowLonger) {
  Timeline timeline;
  timeline.numbers = {10};
  for (int i = 1; i <= 10; ++i) timeline.samples.push_back({i * 2.0, {4}});
  EXPECT_EQ(rate_window(timeline), 4);
  EXPECT_EQ(rate_window(line({1})), 1);
}

}  // namespace
}  // namespace lab::record
