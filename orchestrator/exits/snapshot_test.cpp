// SPDX-License-Identifier: MIT
#include "orchestrator/exits/snapshot.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/exits/checks.hpp"

namespace lab::exits {
namespace {

// A virtual machine that counts as the patch does: every leaf read is a CPUID exit, counted first.
class Machine {
 public:
  explicit Machine(std::uint64_t start = 0) { count_[1] = start; }
  void exit(std::uint32_t number, std::uint64_t times = 1) { count_[number] += times; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& [number, count] : count_) sum += count;
    return sum;
  }
  // As the reader does it: T, every nonzero count, T.
  Snapshot snapshot(std::uint32_t disturbance = 0) {
    Snapshot result;
    read();
    result.start_total = std::uint32_t(total());
    for (const auto& [number, count] : std::map(count_)) {
      if (count == 0) continue;
      read();
      result.reasons.push_back({number, std::uint32_t(count_[number]), count * 10});
      if (disturbance) exit(disturbance);
    }
    read();
    result.end_total = std::uint32_t(total());
    result.own_exits = std::uint32_t(result.reasons.size() + 1);
    result.attempts = 1;
    result.total_cycles = total() * 10;
    result.clean = result.end_total - result.start_total == result.own_exits;
    return result;
  }
  HostStats host() const {
    HostStats stats;
    stats.vendor = Vendor::vmx;
    stats.total.exits = stats.latch_total = stats.kvm_exits = stats.latch_kvm_exits = total();
    stats.latch_seq = 1;
    for (const auto& [number, count] : count_) {
      stats.reasons.push_back({{.exits = count, .cycles = count * 10}, number, "", count, {}});
    }
    return stats;
  }

 private:
  void read() { exit(10); }
  std::map<std::uint32_t, std::uint64_t> count_;
};

TEST(Snapshot, CountsAtEndAddUpAndEqualTheHosts) {
  Machine machine(1000);
  machine.exit(48, 7);
  machine.exit(3, 2);
  const Snapshot snapshot = machine.snapshot();
  ASSERT_TRUE(snapshot.clean);
  const Counts counts = counts_at_end(snapshot, Vendor::vmx);
  EXPECT_EQ(counts.total, machine.total());
  EXPECT_EQ(counts.total, 1009u + 6u);  // T, four counts (1, 3, 10, 48), T
  EXPECT_TRUE(check_sum("sum", counts).ok);
  EXPECT_TRUE(check_guest_host("host", snapshot, machine.host()).ok);
}

TEST(Snapshot, StepIsAfterMinusBeforeWithItsOwnReading) {
  Machine machine(500);
  const Snapshot before = machine.snapshot();
  machine.exit(30, 40);
  machine.exit(10, 3);
  const Snapshot after = machine.snapshot();
  const StepCounts step = step_counts(before, after, Vendor::vmx);
  const std::uint64_t reads = after.reasons.size() + 2;
  EXPECT_EQ(step.exits, 43 + reads);
  EXPECT_THAT(step.reasons, testing::ElementsAre(ReasonCount{10, 3 + reads, step.reasons[0].cycles},
                                                 ReasonCount{30, 40, 400}));
  EXPECT_EQ(step.reader_exits, reads);
  EXPECT_FALSE(step.reader_exits_complete);
  EXPECT_TRUE(step.clean);
  EXPECT_TRUE(check_sum("sum", step).ok);
  EXPECT_EQ(count_of(step, Vendor::vmx, "total"), step.exits);
  EXPECT_EQ(count_of(step, Vendor::vmx, "io_instruction"), 40u);
  EXPECT_EQ(count_of(step, Vendor::vmx, "48"), 0u);
  EXPECT_EQ(count_of(step, Vendor::vmx, "NPF"), std::nullopt);
}

TEST(Snapshot, BootStepStartsAtNothingAndTakesTheReadersWord) {
  Machine machine(500);
  Snapshot after = machine.snapshot();
  after.leaf_reads = 321;
  const StepCounts boot = step_counts(std::nullopt, after, Vendor::vmx);
  EXPECT_EQ(boot.exits, machine.total());
  EXPECT_EQ(boot.reader_exits, 321u);
  EXPECT_TRUE(boot.reader_exits_complete);
}

TEST(Snapshot, DifferencesHoldAcrossTheWrap) {
  Machine machine((1ull << 32) - 20);
  const Snapshot before = machine.snapshot();
  machine.exit(1, 100);
  const Snapshot after = machine.snapshot();
  EXPECT_LT(after.end_total, before.end_total);
  const StepCounts step = step_counts(before, after, Vendor::vmx);
  EXPECT_EQ(count_of(step, Vendor::vmx, "1"), 100u);
  EXPECT_EQ(step.exits, 100 + after.reasons.size() + 2);
  EXPECT_TRUE(check_sum("sum", step).ok);
  EXPECT_TRUE(check_guest_host("host", after, machine.host()).ok);
}

TEST(Snapshot, CounterWrappedToZeroIsStillADifference) {
  Snapshot before{10, 12, 2, 1, true, 0, {}, {{10, 5, {}}}};
  before.reasons.push_back({1, 0xfffffff0, {}});
  before.own_exits = 3;
  const Snapshot after{20, 22, 2, 1, true, 0, {}, {{10, 9, {}}}};
  const StepCounts step = step_counts(before, after, Vendor::vmx);
  EXPECT_EQ(count_of(step, Vendor::vmx, "1"), 16u);
}

TEST(Snapshot, NearestGivesTheBitsThatTheGuestLacks) {
  constexpr std::uint64_t wrap = 1ull << 32;
  EXPECT_EQ(nearest(5, 5), 5u);
  EXPECT_EQ(nearest(7, wrap + 5), wrap + 7);
  EXPECT_EQ(nearest(0xfffffffe, wrap + 5), wrap - 2);
  EXPECT_EQ(nearest(3, wrap - 2), wrap + 3);
  EXPECT_EQ(nearest(0xfffffffe, 5), 0xfffffffe);  // not below zero
}

// Every vCPU begins with exits that never were: the step has those that were.
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
  const StepCounts step =
      step_counts(std::nullopt, boot, Vendor::vmx, {start, counts_at_latch(host)});
  const std::uint64_t reads = boot.reasons.size() + 2;
  EXPECT_EQ(step.exits, 9500 + reads);
  EXPECT_EQ(count_of(step, Vendor::vmx, "CPUID"), 500 + reads);
  EXPECT_EQ(count_of(step, Vendor::vmx, "48"), 9000u);
  EXPECT_TRUE(check_sum("sum", step).ok);
  const Check check = check_guest_host("host", boot, host);
  EXPECT_TRUE(check.ok);
  EXPECT_EQ(check.left, host.latch_total);  // made whole
  EXPECT_THAT(check.detail, testing::HasSubstr("32 bits"));
}

TEST(Snapshot, StepOfMoreThan32BitsIsWholeByTheHosts) {
  Machine machine(1000);
  const Snapshot before = machine.snapshot();
  const Counts earlier = counts_at_latch(machine.host());
  machine.exit(1, 5'000'000'000);
  machine.exit(3, 1ull << 32);  // the guest sees nothing of it
  const Snapshot after = machine.snapshot();
  const StepCounts step =
      step_counts(before, after, Vendor::vmx, {earlier, counts_at_latch(machine.host())});
  EXPECT_EQ(count_of(step, Vendor::vmx, "1"), 5'000'000'000u);
  EXPECT_EQ(count_of(step, Vendor::vmx, "3"), 1ull << 32);
  EXPECT_EQ(step.exits, 5'000'000'000 + (1ull << 32) + after.reasons.size() + 2);
  EXPECT_TRUE(check_sum("sum", step).ok);
}

// The host's counts of several vCPUs are of about the moment only.
TEST(Snapshot, HostsCountsNeedNotBeOfTheVeryMoment) {
  Machine machine((1ull << 32) - 3);
  Counts early = counts_now(machine.host());
  const Snapshot before = machine.snapshot();
  machine.exit(48, 50);
  const Snapshot after = machine.snapshot();
  Counts late = counts_now(machine.host());
  late.total += 5;
  const StepCounts exact = step_counts(before, after, Vendor::vmx);
  EXPECT_EQ(step_counts(before, after, Vendor::vmx, {early, late}), exact);
}

TEST(Checks, DisturbedSnapshotFailsWithBothSides) {
  Machine machine(100);
  machine.exit(48, 5);
  const Snapshot snapshot = machine.snapshot(1);
  EXPECT_FALSE(snapshot.clean);
  const Check sum = check_sum("sum", counts_at_end(snapshot, Vendor::vmx));
  EXPECT_FALSE(sum.ok);
  EXPECT_NE(sum.left, sum.right);
  EXPECT_THAT(sum.detail, testing::HasSubstr("not clean"));
  const Check host = check_guest_host("host", snapshot, machine.host());
  EXPECT_FALSE(host.ok);
  EXPECT_THAT(host.detail, testing::HasSubstr("EXTERNAL_INTERRUPT (1): guest 10"));
}

TEST(Checks, SeveralVcpusMayDifferByWhatCameInBetween) {
  Machine machine(100);
  machine.exit(48, 5);
  const Snapshot snapshot = machine.snapshot(1);  // one exit of another vCPU came in between
  HostStats host = machine.host();
  host.vcpus = 2;
  EXPECT_TRUE(check_sum("sum", counts_at_end(snapshot, Vendor::vmx), 2).ok);
  EXPECT_TRUE(check_guest_host("host", snapshot, host).ok);
  host.latch_kvm_exits = host.latch_total + 2;
  EXPECT_TRUE(check_kvm_statistic("kvm", host).ok);
  host.latch_kvm_exits = host.latch_total + 3;
  EXPECT_FALSE(check_kvm_statistic("kvm", host).ok);
  host.reasons[0].latched += 4;  // more than one exit in between and two in flight explain
  EXPECT_FALSE(check_guest_host("host", snapshot, host).ok);
  host.vcpus = 1;
  EXPECT_FALSE(check_guest_host("host", snapshot, machine.host()).ok);
}

TEST(Checks, GuestAgainstHostNamesWhatDiffers) {
  Machine machine(100);
  const Snapshot snapshot = machine.snapshot();
  HostStats host = machine.host();
  host.reasons.push_back({{.exits = 4}, 28, "", 4, {}});
  host.latch_total += 4;
  const Check check = check_guest_host("host", snapshot, host);
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(*check.right - *check.left, 4u);
  EXPECT_THAT(check.detail, testing::HasSubstr("CR_ACCESS (28): guest 0, host 4"));
  for (std::uint32_t n = 50; n < 70; ++n) host.reasons.push_back({{.exits = 1}, n, "", 1, {}});
  EXPECT_THAT(check_guest_host("host", snapshot, host).detail, testing::HasSubstr("and 13 more"));
  host.latch_seq = 0;
  EXPECT_FALSE(check_guest_host("host", snapshot, host).right);
}

TEST(Checks, KvmsStatistic) {
  HostStats host = Machine(100).host();
  EXPECT_TRUE(check_kvm_statistic("kvm", host).ok);
  host.latch_kvm_exits++;
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
  host.stray_exits = 8;  // as 5.10 counts calls of kvm_msr_allowed()
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

const std::string good =
    R"({"start_total":7,"end_total":10,"own_exits":3,"attempts":2,"clean":true,)"
    R"("total_cycles":18446744073709551615,"reasons":[[10,5,9],[1,4294967295,null]],"new":1})";

TEST(SnapshotJson, ReadsAndWrites) {
  Snapshot snapshot = parse_snapshot(good);
  EXPECT_EQ(snapshot.total_cycles, UINT64_MAX);
  EXPECT_THAT(snapshot.reasons, testing::ElementsAre(ReasonCount{10, 5, 9},
                                                     ReasonCount{1, 4294967295, std::nullopt}));
  EXPECT_EQ(parse_snapshot(to_json(snapshot)), snapshot);
  snapshot.leaf_reads = 77;
  EXPECT_EQ(parse_snapshot(to_json(snapshot)), snapshot);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(SnapshotJson, RefusesNonsense) {
  std::string many = "[0,1,1]";
  for (int i = 1; i < 1025; ++i) many += ",[" + std::to_string(i) + ",1,1]";
  const std::vector<std::string> bad = {
      "",
      "[]",
      "null",
      "{}",
      good.substr(1),
      std::string(200000, ' '),
      replaced(good, "7", "-7"),
      replaced(good, "7", "7.0"),
      replaced(good, "7", "4294967296"),
      replaced(good, "7", "\"7\""),
      replaced(good, "true", "1"),
      replaced(good, ":3", ":4"),
      replaced(good, "18446744073709551615", "18446744073709551616"),
      replaced(good, "[1,", "[10,"),
      replaced(good, "[1,", "[1,1,"),
      replaced(good, "[10,5,9]", "5"),
      replaced(good, "[10,5,9]", "[10]"),
      replaced(good, "4294967295", "4294967296"),
      replaced(replaced(good, "[10,5,9],[1,4294967295,null]", many), ":3", ":1026"),
      std::string(100000, '[')};
  for (const std::string& text : bad) {
    EXPECT_THROW(parse_snapshot(text), base::Error) << text.substr(0, 200);
  }
}

TEST(SnapshotJson, SurvivesRandomMutations) {
  std::mt19937 random(1);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (int i = 0, n = 1 + int(random() % 4); i < n; ++i) {
      const std::size_t at = random() % text.size();
      if (random() % 3) {
        text[at] = char(random());
      } else {
        text = random() % 2 ? text.substr(0, at + 1) : text.insert(at, text.substr(at, 9));
      }
    }
    try {
      const Snapshot snapshot = parse_snapshot(text);
      EXPECT_EQ(parse_snapshot(to_json(snapshot)), snapshot);
      counts_at_end(snapshot, Vendor::svm);
      ++accepted;
    } catch (const base::Error&) {
    }
  }
  EXPECT_GT(accepted, 0);
}

const std::string host_text =
    "exit_stats 2 2-0123456789ab\nvendor svm\nlayout ascending\nscope host\n"
    "vcpu 0 exits=20 cycles=700 to_entry=800 kvm_exits=20 consistent=1\n"
    "vcpu_reason 0 114 exits=20 cycles=700 to_entry=800 fastpath=3 nested=0\n"
    "vcpu 1 kvm_exits=10 exits=10 to_entry=250 cycles=200\n"
    "vcpu_reason 1 114 exits=1 cycles=10 to_entry=15 fastpath=0 nested=0\n"
    "vcpu_reason 1 1024 exits=9 cycles=190 to_entry=235 fastpath=0 nested=4\n"
    "vcpus 2\n"
    "total exits=30 cycles=900 to_entry=1050 fastpath=3 nested=4 failed_entries=1 new=x\n"
    "kvm_exits 30\nstray_exits -2\nlatch 2 20 20\nnews 1 2 3\n"
    "reason 114 name=cpuid exits=21 cycles=710 to_entry=815 fastpath=3 nested=0 nested_cycles=0 "
    "latched=15\n"
    "reason 1024 name=npf exits=9 cycles=190 to_entry=235 fastpath=0 nested=4 nested_cycles=90 "
    "latched=5\n"
    "histogram 1024 4:7 63:2\nend\n";

TEST(HostStats, ReadsTheFile) {
  const HostStats stats = parse_host_stats(host_text);
  EXPECT_EQ(stats.patch_version, "2-0123456789ab");
  EXPECT_EQ(stats.vendor, Vendor::svm);
  EXPECT_EQ(stats.layout, Layout::ascending);
  EXPECT_EQ(stats.scope, Scope::host);
  EXPECT_EQ(stats.total, (HostCounts{30, 900, 1050, 3, 4}));
  EXPECT_EQ(stats.failed_entries, 1u);
  EXPECT_EQ(stats.stray_exits, -2);
  EXPECT_EQ(stats.latch_total, 20u);
  ASSERT_EQ(stats.reasons.size(), 2u);
  EXPECT_EQ(stats.reasons[0].name, "cpuid");
  EXPECT_EQ(stats.reasons[1].nested, 4u);
  EXPECT_THAT(stats.reasons[1].histogram, testing::ElementsAre(std::pair(4, 7), std::pair(63, 2)));
  ASSERT_EQ(stats.by_vcpu.size(), 2u);
  EXPECT_EQ(stats.by_vcpu[1].kvm_exits, 10u);
  EXPECT_EQ(stats.by_vcpu[1].reasons.at(1024).to_entry, 235u);
  EXPECT_TRUE(check_sum("now", counts_now(stats)).ok);
  EXPECT_TRUE(check_sum("latch", counts_at_latch(stats)).ok);
  EXPECT_TRUE(check_kvm_statistic("kvm", stats).ok);
}

TEST(HostStats, RefusesNonsense) {
  const std::vector<std::string> bad = {"",
                                        "end\n",
                                        "exit_stats 3 x\nend\n",
                                        replaced(host_text, "end\n", ""),
                                        replaced(host_text, "svm", "arm"),
                                        replaced(host_text, "ascending", "random"),
                                        replaced(host_text, "scope host", "scope all"),
                                        replaced(host_text, "scope host\n", ""),
                                        replaced(host_text, "total exits=30", "total 30"),
                                        replaced(host_text, "total exits=30 ", "total "),
                                        replaced(host_text, "total exits=30", "total exits=-30"),
                                        replaced(host_text, "cycles=700 ", "cycles=700 cycles=1 "),
                                        replaced(host_text, "reason 1024", "reason 114"),
                                        replaced(host_text, "vcpus 2\n", ""),
                                        replaced(host_text, "kvm_exits 30", "vcpus 2"),
                                        replaced(host_text, "vcpu_reason 1", "vcpu_reason 2"),
                                        replaced(host_text, "vcpu_reason 1", "vcpu_reason x"),
                                        replaced(host_text, "histogram 1024", "histogram 1025"),
                                        replaced(host_text, "4:7", "4"),
                                        replaced(host_text, "4:7", "64:7"),
                                        replaced(host_text, "4:7", ":"),
                                        host_text.substr(1)};
  for (const std::string& text : bad) EXPECT_THROW(parse_host_stats(text), base::Error) << text;
}

TEST(HostStats, SurvivesRandomMutations) {
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string text = host_text;
    for (int i = 0, n = 1 + int(random() % 4); i < n; ++i) {
      const std::size_t at = random() % text.size();
      if (random() % 3) {
        text[at] = " =:\n0x"[random() % 6];
      } else {
        text.erase(at, random() % 9);
      }
    }
    try {
      parse_host_stats(text);
    } catch (const base::Error&) {
    }
  }
}

}  // namespace
}  // namespace lab::exits
