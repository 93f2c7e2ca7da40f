// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lab::trial {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using TimelineSample = record::Timeline::Sample;

const std::string exit_stats =
    "exit_stats 2 1.0\nvendor svm\nscope vm\n"
    "vcpu 0 exits=70 cycles=1 to_entry=1 kvm_exits=70 consistent=1\n"
    "vcpu_reason 0 114 exits=60 cycles=1 to_entry=1 fastpath=0 nested=0\n"
    "total exits=70 cycles=1 to_entry=1 fastpath=0 nested=0 failed_entries=0\n"
    "reason 114 name=cpuid exits=60 cycles=900 to_entry=1 fastpath=0 nested=0 latched=50\n"
    "reason 1330857042 name=other exits=18446744073709551615 cycles=1\n"
    "reason 123 name=io exits=10 cycles=9\n"
    "end\n";

TEST(Sampler, ReadsOnlyTheReasons) {
  ExitsByNumber sums{{123, 5}};
  add_exits(exit_stats, sums);
  EXPECT_THAT(sums, ElementsAre(Pair(114, 60), Pair(123, 15), Pair(1330857042, ~0ull)));
}

TEST(Sampler, TakesNothingFromATextThatIsCutOff) {
  for (std::size_t size = 0; size < exit_stats.size(); ++size) {
    ExitsByNumber sums;
    add_exits(exit_stats.substr(0, size), sums);
    EXPECT_THAT(sums, IsEmpty()) << size;
  }
}

TEST(Sampler, KeepsWhatCameBetweenByNumber) {
  Sampler sampler(10);
  sampler.start({{7, 1000}});
  EXPECT_DOUBLE_EQ(sampler.next(), 0.1);
  sampler.take(0.1, {{7, 1005}});
  sampler.take(0.2, {{3, 4}, {7, 1005}});
  sampler.take(0.3, {{3, 5}, {7, 1007}});
  const record::Timeline timeline = sampler.finish();
  EXPECT_THAT(timeline.numbers, ElementsAre(3, 7));
  EXPECT_THAT(timeline.samples,
              ElementsAre(TimelineSample{0.1, {0, 5}}, TimelineSample{0.2, {4, 0}},
                          TimelineSample{0.3, {1, 2}}));
}

TEST(Sampler, NeitherGoesFasterNorMakesUpForWhatItMissed) {
  Sampler sampler(10);
  sampler.start({});
  sampler.take(0.12, {});
  EXPECT_DOUBLE_EQ(sampler.next(), 0.2) << "the rate stays in spite of small delays";
  sampler.take(5.0, {});
  EXPECT_NEAR(sampler.next(), 5.05, 1e-9);
}

TEST(Sampler, WithoutARateIsNeverDue) {
  Sampler sampler(0);
  sampler.start({});
  EXPECT_TRUE(std::isinf(sampler.next()));
  EXPECT_THAT(sampler.finish().samples, IsEmpty());
}

TEST(Sampler, PutsNeighboursTogetherAndLosesNothing) {
  constexpr std::size_t most = 16;
  Sampler sampler(1, most);
  sampler.start({});
  std::uint64_t exits = 0;
  double seconds = 0;
  for (int i = 1; i <= 1000; ++i) {
    seconds = sampler.next();
    exits += static_cast<std::uint64_t>(i);
    sampler.take(seconds, {{1, exits}, {static_cast<std::uint32_t>(2 + i % 3), exits}});
  }
  const record::Timeline timeline = sampler.finish();
  EXPECT_LE(timeline.samples.size(), most);
  EXPECT_GE(timeline.samples.size(), most / 2);
  EXPECT_DOUBLE_EQ(timeline.samples.back().seconds, seconds);
  std::uint64_t sum = 0;
  double last = 0;
  for (const TimelineSample& sample : timeline.samples) {
    ASSERT_EQ(sample.exits.size(), timeline.numbers.size());
    EXPECT_GT(sample.seconds, last);
    last = sample.seconds;
    sum += sample.exits[0];
  }
  EXPECT_EQ(sum, exits);
}

TEST(Sampler, StaysWithinWhatOneRecordMayHave) {
  Sampler sampler(100);
  sampler.start({});
  ExitsByNumber counts;
  for (std::uint64_t i = 1; i <= 2400; ++i) {
    for (std::uint32_t number = 0; number < 170; ++number) counts[number] = i;
    sampler.take(static_cast<double>(i) / 100, counts);
  }
  const record::Timeline timeline = sampler.finish();
  EXPECT_EQ(timeline.numbers.size(), 170u);
  EXPECT_LE(timeline.samples.size() * 170, 400'000u);
  EXPECT_DOUBLE_EQ(timeline.samples.back().seconds, 24);
}

TEST(Sampler, SortsMilestonesByTime) {
  Sampler sampler(0);
  sampler.add_milestone("reader", 9);
  sampler.add_milestone("kernel", 2);
  const record::Timeline timeline = sampler.finish();
  ASSERT_EQ(timeline.milestones.size(), 2u);
  EXPECT_EQ(timeline.milestones[0].name, "kernel");
}

}  // namespace
}  // namespace lab::trial
