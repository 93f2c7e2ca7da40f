// SPDX-License-Identifier: MIT
#include "orchestrator/exits/checks.hpp"

#include <gmock/gmock.h>

#include "orchestrator/exits/machine_test.hpp"

namespace lab::exits {
namespace {

// However many exits come between the reads, the counts are those of the last total.
TEST(Checks, ExitsBetweenTheReadsChangeNothing) {
  Machine machine(100);
  machine.exit(48, 5);
  const Snapshot before = machine.snapshot(1);
  machine.exit(48, 7);
  const Snapshot after = machine.snapshot(52);  // for the first time
  const HostStats host = machine.host();
  const StepCounts step = step_counts(before, after);
  EXPECT_FALSE(step.clean);
  EXPECT_TRUE(check_sum("sum", step).ok);
  EXPECT_EQ(find_count(step, Vendor::vmx, "48"), 7u);
  EXPECT_EQ(find_count(step, Vendor::vmx, "52"), after.leaf_reads - 1);  // none before the first
  EXPECT_EQ(find_count(step, Vendor::vmx, "1"), before.late_reads);
  EXPECT_EQ(step.reader_exits, before.late_reads + after.leaf_reads);
  const Check check = check_guest_host("host", before, after, host);
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_EQ(check.left, check.right);
  // Reads cannot lack exits that came before their own number was read.
  EXPECT_EQ(check.note,
            "4 other exits came between the reads before the step (EXTERNAL_INTERRUPT 3); 4 other "
            "exits came between the reads after the step");
}

// A snapshot has four other exits in between; one exit is lost or counted twice at several places.
TEST(Checks, ReadsOutsideOfTheirIntervalFail) {
  Machine machine(100);
  machine.exit(48, 5);
  const Snapshot snapshot = machine.snapshot(1);
  const HostStats host = machine.host();
  ASSERT_TRUE(against(snapshot, host).ok);
  const auto check_of = [&](auto change) {
    Snapshot changed = snapshot;
    change(changed);
    return against(changed, host);
  };
  const std::size_t last = snapshot.readings.size() - 1;  // no exit came between its read and T
  ASSERT_EQ(snapshot.readings[last].number, 48u);
  const Check twice = check_of([&](Snapshot& s) { ++*s.readings[last].read; });
  EXPECT_FALSE(twice.ok);
  EXPECT_THAT(twice.detail,
              testing::HasSubstr("EPT_VIOLATION (48): 6 read, more than 5 at the total after it"));
  const Check lost = check_of([&](Snapshot& s) { *s.readings[last].read -= 2; });
  EXPECT_FALSE(lost.ok);
  EXPECT_THAT(lost.detail, testing::HasSubstr("4 came between the totals, but the counts read lack "
                                              "5 (EXTERNAL_INTERRUPT 3, EPT_VIOLATION 2)"));
  const Check kept_twice = check_of([&](Snapshot& s) { ++s.readings[last].latched; });
  EXPECT_FALSE(kept_twice.ok);
  EXPECT_THAT(kept_twice.detail, testing::HasSubstr("EPT_VIOLATION (48): guest 6, host 5"));
  EXPECT_FALSE(check_of([&](Snapshot& s) { --s.readings[0].latched; }).ok);
  EXPECT_FALSE(check_of([&](Snapshot& s) { s.readings.pop_back(); }).ok);
  EXPECT_FALSE(check_of([&](Snapshot& s) { ++s.end_total; }).ok);
  const Check shrunk = check_of([&](Snapshot& s) { s.start_total += 5; });
  EXPECT_FALSE(shrunk.ok);
  EXPECT_THAT(shrunk.detail,
              testing::HasSubstr("the total grew by 1 fewer than the reader's own reads"));
  // The snapshot before the step has no host's side, but its reads must be possible all the same.
  Snapshot before = snapshot;
  ++*before.readings[last].read;
  EXPECT_FALSE(check_guest_host("host", before, snapshot, host).ok);
}

// Where nothing came between, the interval is one number.
TEST(Checks, UndisturbedReadsAreEqual) {
  Machine machine(100);
  machine.exit(48, 5);
  const Snapshot snapshot = machine.snapshot();
  const HostStats host = machine.host();
  for (std::size_t i = 0; i < snapshot.readings.size(); ++i)
    for (const int error : {-1, 1}) {
      Snapshot changed = snapshot;
      *changed.readings[i].read += static_cast<std::uint32_t>(error);
      EXPECT_FALSE(against(changed, host).ok) << i << " " << error;
    }
}

TEST(Checks, AStepWithALostExitDoesNotAddUp) {
  Machine machine(100);
  const Snapshot before = machine.snapshot(1);
  machine.exit(48, 7);
  Snapshot after = machine.snapshot(1);
  --after.readings.back().latched;
  const Check check = check_sum("sum", step_counts(before, after));
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(*check.left + 1, *check.right);
}

TEST(Checks, KvmsStatisticLiesAroundTheLookAtSeveralVcpus) {
  HostStats host = Machine(100).host();
  host.vcpus = 2;
  host.latch_kvm_exits = 97;
  host.latch_later_kvm_exits = 102;
  const Check check = check_kvm_statistic("kvm", host);
  EXPECT_TRUE(check.ok);
  EXPECT_EQ(check.note, "5 came while the other vCPUs were read");
  const auto holds = [&](std::uint64_t before, std::uint64_t later, std::uint32_t vcpus) {
    host.latch_kvm_exits = before;
    host.latch_later_kvm_exits = later;
    host.vcpus = vcpus;
    return check_kvm_statistic("kvm", host).ok;
  };
  // One exit may be counted on one side and not yet on the other.
  EXPECT_TRUE(holds(99, 99, 2));
  EXPECT_TRUE(holds(101, 101, 2));
  EXPECT_FALSE(holds(98, 98, 2));
  EXPECT_FALSE(holds(102, 104, 2));
  EXPECT_FALSE(holds(99, 99, 1));
  EXPECT_TRUE(holds(100, 100, 1));
}

TEST(Checks, GuestAgainstHostNamesWhatDiffers) {
  Machine machine(100);
  const Snapshot snapshot = machine.snapshot();
  HostStats host = machine.host();
  host.reasons.push_back({{.exits = 4}, 28, "", 4, {}});
  host.latch_total += 4;
  const Check check = against(snapshot, host);
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(*check.right - *check.left, 4u);
  EXPECT_THAT(check.detail, testing::HasSubstr("CR_ACCESS (28): guest 0, host 4"));
  for (std::uint32_t n = 50; n < 70; ++n) host.reasons.push_back({{.exits = 1}, n, "", 1, {}});
  EXPECT_THAT(against(snapshot, host).detail, testing::HasSubstr("and 13 more"));
  host.latch_seq = 0;
  EXPECT_FALSE(against(snapshot, host).right);
}

TEST(Checks, KvmsStatistic) {
  HostStats host = Machine(100).host();
  EXPECT_TRUE(check_kvm_statistic("kvm", host).ok);
  host.latch_kvm_exits++, host.latch_later_kvm_exits++;
  const Check check = check_kvm_statistic("kvm", host);
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(check.left, 100u);
  EXPECT_EQ(check.right, 101u);
  host.latch_seq = 0;
  EXPECT_TRUE(check_kvm_statistic("kvm", host).ok);
}

TEST(Checks, StrayCountsOfKvmsFileAreTakenOff) {
  HostStats host = Machine(100).host();
  EXPECT_TRUE(check_kvm_file("kvm", host, 100).ok);
  EXPECT_FALSE(check_kvm_file("kvm", host, 108).ok);
  host.stray_exits = 8;  // 5.10 counts calls of kvm_msr_allowed()
  const Check more = check_kvm_file("kvm", host, 108);
  EXPECT_TRUE(more.ok);
  EXPECT_EQ(more.right, 100u);
  EXPECT_THAT(more.detail, testing::HasSubstr("counted 108 there, 8 of which are no exits"));
  host.stray_exits = -3;
  EXPECT_TRUE(check_kvm_file("kvm", host, 97).ok);
}

TEST(Checks, Bounds) {
  EXPECT_TRUE(check_bounds("b", 5, 5, 5).ok);
  EXPECT_TRUE(check_bounds("b", 0, std::nullopt, 5).ok);
  EXPECT_FALSE(check_bounds("b", 4, 5, std::nullopt).ok);
  const Check above = check_bounds("b", 6, 1, 5);
  EXPECT_FALSE(above.ok);
  EXPECT_EQ(above.right, 5u);
  EXPECT_EQ(above.detail, "at least 1, at most 5");
  const Check missing = check_bounds("b", std::nullopt, 1, std::nullopt);
  EXPECT_FALSE(missing.ok);
  EXPECT_FALSE(missing.left);
}

}  // namespace
}  // namespace lab::exits
