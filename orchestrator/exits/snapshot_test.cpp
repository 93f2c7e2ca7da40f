// SPDX-License-Identifier: MIT
#include "orchestrator/exits/snapshot.hpp"

#include <gmock/gmock.h>

#include "orchestrator/exits/machine_test.hpp"

namespace lab::exits {
namespace {

TEST(Snapshot, CountsAtEndAddUpAndEqualTheHosts) {
  Machine machine(1000);
  machine.exit(48, 7);
  machine.exit(3, 2);
  const Snapshot snapshot = machine.snapshot();
  const Counts counts = counts_at_end(snapshot);
  EXPECT_EQ(counts.total, machine.total() - snapshot.late_reads);
  EXPECT_EQ(counts.total, 1009u + 6u);  // T, four counts (1, 3, 10, 48), T
  EXPECT_TRUE(check_sum("sum", counts).ok);
  const Check check = against(snapshot, machine.host());
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_EQ(check.note, "");
}

TEST(Snapshot, StepIsAfterMinusBeforeWithItsOwnReading) {
  Machine machine(500);
  const Snapshot before = machine.snapshot();
  machine.exit(30, 40);
  machine.exit(10, 3);
  const Snapshot after = machine.snapshot();
  const StepCounts step = step_counts(before, after);
  // One snapshot reads its latched counts, the other T, all counts, and T.
  const std::uint64_t reads = before.readings.size() + after.readings.size() + 2;
  EXPECT_EQ(step.exits, 43 + reads);
  EXPECT_THAT(step.reasons, testing::ElementsAre(ReasonCount{10, 3 + reads, step.reasons[0].cycles},
                                                 ReasonCount{30, 40, 400}));
  EXPECT_EQ(step.reader_exits, reads);
  EXPECT_TRUE(step.clean);
  EXPECT_TRUE(check_sum("sum", step).ok);
  EXPECT_EQ(find_count(step, Vendor::vmx, "total"), step.exits);
  EXPECT_EQ(find_count(step, Vendor::vmx, "io_instruction"), 40u);
  EXPECT_EQ(find_count(step, Vendor::vmx, "48"), 0u);
  EXPECT_EQ(find_count(step, Vendor::vmx, "NPF"), std::nullopt);
}

TEST(Snapshot, BootStepStartsAtNothingAndTakesTheReadersWord) {
  Machine machine(500);
  Snapshot after = machine.snapshot();
  after.leaf_reads = 321;
  const StepCounts boot = step_counts(std::nullopt, after);
  EXPECT_EQ(boot.exits, machine.total() - after.late_reads);
  EXPECT_EQ(boot.reader_exits, 321u);
}

TEST(Snapshot, DifferencesHoldAcrossTheWrap) {
  Machine machine((1ull << 32) - 20);
  const Snapshot before = machine.snapshot();
  machine.exit(1, 100);
  const Snapshot after = machine.snapshot();
  EXPECT_LT(after.end_total, before.end_total);
  const StepCounts step = step_counts(before, after);
  EXPECT_EQ(find_count(step, Vendor::vmx, "1"), 100u);
  EXPECT_EQ(step.exits, 100 + before.late_reads + after.leaf_reads);
  EXPECT_TRUE(check_sum("sum", step).ok);
  EXPECT_TRUE(check_guest_host("host", before, after, machine.host()).ok);
}

TEST(Snapshot, CounterWrappedToZeroIsStillADifference) {
  const Snapshot before{10, 13, 3, 1, 0, 3, 2, {{10, 5, 3, {}}, {1, 0xfffffff0, 0xfffffff0, {}}}};
  const Snapshot after{20, 22, 2, 1, 0, 3, 1, {{10, 9, 8, {}}}};
  const StepCounts step = step_counts(before, after);
  EXPECT_EQ(find_count(step, Vendor::vmx, "1"), 16u);
}

TEST(Snapshot, NearestGivesTheBitsThatTheGuestLacks) {
  constexpr std::uint64_t wrap = 1ull << 32;
  EXPECT_EQ(nearest(5, 5), 5u);
  EXPECT_EQ(nearest(7, wrap + 5), wrap + 7);
  EXPECT_EQ(nearest(0xfffffffe, wrap + 5), wrap - 2);
  EXPECT_EQ(nearest(3, wrap - 2), wrap + 3);
  EXPECT_EQ(nearest(0xfffffffe, 5), 0xfffffffe);  // no count is below zero
}

// Every vCPU begins with preset exits that never happened; the step contains only real ones.
TEST(Snapshot, PresetIsWhereTheBootBegins) {
  constexpr std::uint64_t preset = 4294960000;
  Machine machine;
  machine.exit(10, preset);
  const Counts start = counts_now(machine.host());
  machine.exit(48, 9000);
  machine.exit(10, 500);
  const Snapshot boot = machine.snapshot();
  EXPECT_LT(boot.end_total, preset);  // wrapped
  const HostStats host = machine.host();
  const StepCounts step = step_counts(std::nullopt, boot, {start, counts_at_latch(host)});
  const std::uint64_t reads = boot.readings.size() + 2;
  EXPECT_EQ(step.exits, 9500 + reads);
  EXPECT_EQ(find_count(step, Vendor::vmx, "CPUID"), 500 + reads);
  EXPECT_EQ(find_count(step, Vendor::vmx, "48"), 9000u);
  EXPECT_TRUE(check_sum("sum", step).ok);
  const Check check = against(boot, host);
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_EQ(check.left, host.latch_total);  // extended to 64 bits
  EXPECT_THAT(check.detail, testing::HasSubstr("32 bits"));
}

TEST(Snapshot, StepOfMoreThan32BitsIsWholeByTheHosts) {
  Machine machine(1000);
  const Snapshot before = machine.snapshot();
  const Counts earlier = counts_at_latch(machine.host());
  machine.exit(1, 5'000'000'000);
  machine.exit(3, 1ull << 32);  // invisible to the guest
  const Snapshot after = machine.snapshot();
  const StepCounts step = step_counts(before, after, {earlier, counts_at_latch(machine.host())});
  EXPECT_EQ(find_count(step, Vendor::vmx, "1"), 5'000'000'000u);
  EXPECT_EQ(find_count(step, Vendor::vmx, "3"), 1ull << 32);
  EXPECT_EQ(step.exits, 5'000'000'000 + (1ull << 32) + before.late_reads + after.leaf_reads);
  EXPECT_TRUE(check_sum("sum", step).ok);
}

// The host's counts of several vCPUs are only of about the same moment.
TEST(Snapshot, HostsCountsNeedNotBeOfTheVeryMoment) {
  Machine machine((1ull << 32) - 3);
  Counts early = counts_now(machine.host());
  const Snapshot before = machine.snapshot();
  machine.exit(48, 50);
  const Snapshot after = machine.snapshot();
  Counts late = counts_now(machine.host());
  late.total += 5;
  const StepCounts exact = step_counts(before, after);
  EXPECT_EQ(step_counts(before, after, {early, late}), exact);
}

}  // namespace
}  // namespace lab::exits
