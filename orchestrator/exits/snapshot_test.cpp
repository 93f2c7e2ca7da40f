// SPDX-License-Identifier: MIT
#include "orchestrator/exits/snapshot.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/exits/checks.hpp"

namespace lab::exits {
namespace {

// A virtual machine that counts as the patch does: every leaf read is a CPUID exit, counted first,
// and a read of the total keeps all counts of that exit.
class Machine {
 public:
  using Map = std::map<std::uint32_t, std::uint64_t>;

  explicit Machine(std::uint64_t start = 0) { count_[1] = start; }
  void exit(std::uint32_t number, std::uint64_t times = 1) { count_[number] += times; }
  std::uint64_t total() const { return sum(count_); }

  // As the reader does it: T, every nonzero count, T, the counts kept. After each read there is
  // an exit of the kind `disturbance`.
  Snapshot snapshot(std::uint32_t disturbance = 0) {
    const std::uint64_t before = reads_;
    Snapshot result;
    const auto read = [&] {
      if (disturbance && reads_ != before) exit(disturbance);
      exit(10);
      ++reads_;
    };
    read();
    result.start_total = std::uint32_t(total());
    for (const auto& [number, count] : Map(count_)) {
      if (count == 0) continue;
      read();
      result.readings.push_back({number, 0, std::uint32_t(count_[number]), count * 10});
    }
    read();
    kept_ = count_;
    result.end_total = std::uint32_t(total());
    result.own_exits = std::uint32_t(result.readings.size() + 1);
    result.attempts = 1;
    result.total_cycles = total() * 10;
    result.leaf_reads = reads_ - before;
    for (Reading& reading : result.readings) {
      read();
      reading.latched = std::uint32_t((*kept_)[reading.number]);
    }
    if (disturbance && !has(result, disturbance)) {  // its first exit came only then
      read();
      result.readings.push_back({disturbance, std::uint32_t((*kept_)[disturbance]), {}, 10});
    }
    result.late_reads = reads_ - before - result.leaf_reads;
    return result;
  }
  HostStats host() const {
    const Map& kept = kept_ ? *kept_ : count_;
    HostStats stats;
    stats.vendor = Vendor::vmx;
    stats.total.exits = stats.kvm_exits = total();
    stats.latch_total = stats.latch_kvm_exits = stats.latch_later_kvm_exits = sum(kept);
    stats.latch_seq = 1;
    for (const auto& [number, count] : count_) {
      const auto then = kept.find(number);
      stats.reasons.push_back({{.exits = count, .cycles = count * 10},
                               number,
                               "",
                               then == kept.end() ? 0 : then->second,
                               {}});
    }
    return stats;
  }

 private:
  static bool has(const Snapshot& snapshot, std::uint32_t number) {
    return std::ranges::find(snapshot.readings, number, &Reading::number) !=
           snapshot.readings.end();
  }
  static std::uint64_t sum(const Map& counts) {
    std::uint64_t sum = 0;
    for (const auto& [number, count] : counts) sum += count;
    return sum;
  }

  Map count_;
  std::optional<Map> kept_;
  std::uint64_t reads_ = 0;
};

Check against(const Snapshot& snapshot, const HostStats& host) {
  return check_guest_host("host", std::nullopt, snapshot, host);
}

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
  // The counts kept of the one, and T, all counts, and T of the other.
  const std::uint64_t reads = before.readings.size() + after.readings.size() + 2;
  EXPECT_EQ(step.exits, 43 + reads);
  EXPECT_THAT(step.reasons, testing::ElementsAre(ReasonCount{10, 3 + reads, step.reasons[0].cycles},
                                                 ReasonCount{30, 40, 400}));
  EXPECT_EQ(step.reader_exits, reads);
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
  EXPECT_EQ(count_of(step, Vendor::vmx, "1"), 100u);
  EXPECT_EQ(step.exits, 100 + before.late_reads + after.leaf_reads);
  EXPECT_TRUE(check_sum("sum", step).ok);
  EXPECT_TRUE(check_guest_host("host", before, after, machine.host()).ok);
}

TEST(Snapshot, CounterWrappedToZeroIsStillADifference) {
  const Snapshot before{10, 13, 3, 1, 0, 3, 2, {{10, 5, 3, {}}, {1, 0xfffffff0, 0xfffffff0, {}}}};
  const Snapshot after{20, 22, 2, 1, 0, 3, 1, {{10, 9, 8, {}}}};
  const StepCounts step = step_counts(before, after);
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
  const StepCounts step = step_counts(std::nullopt, boot, {start, counts_at_latch(host)});
  const std::uint64_t reads = boot.readings.size() + 2;
  EXPECT_EQ(step.exits, 9500 + reads);
  EXPECT_EQ(count_of(step, Vendor::vmx, "CPUID"), 500 + reads);
  EXPECT_EQ(count_of(step, Vendor::vmx, "48"), 9000u);
  EXPECT_TRUE(check_sum("sum", step).ok);
  const Check check = against(boot, host);
  EXPECT_TRUE(check.ok) << check.detail;
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
  const StepCounts step = step_counts(before, after, {earlier, counts_at_latch(machine.host())});
  EXPECT_EQ(count_of(step, Vendor::vmx, "1"), 5'000'000'000u);
  EXPECT_EQ(count_of(step, Vendor::vmx, "3"), 1ull << 32);
  EXPECT_EQ(step.exits, 5'000'000'000 + (1ull << 32) + before.late_reads + after.leaf_reads);
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
  const StepCounts exact = step_counts(before, after);
  EXPECT_EQ(step_counts(before, after, {early, late}), exact);
}

// However many exits come between the reads: the counts are those of the last total.
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
  EXPECT_EQ(count_of(step, Vendor::vmx, "48"), 7u);
  EXPECT_EQ(count_of(step, Vendor::vmx, "52"), after.leaf_reads - 1);  // none before the first
  EXPECT_EQ(count_of(step, Vendor::vmx, "1"), before.late_reads);
  EXPECT_EQ(step.reader_exits, before.late_reads + after.leaf_reads);
  const Check check = check_guest_host("host", before, after, host);
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_EQ(check.left, check.right);
  // Those before their own number was read are in no read that could lack them.
  EXPECT_EQ(check.note,
            "4 other exits came between the reads before the step (EXTERNAL_INTERRUPT 3); 4 other "
            "exits came between the reads after the step");
}

// One exit, of a snapshot with four others in between, wherever it is lost or counted twice.
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
  const std::size_t last = snapshot.readings.size() - 1;  // nothing came between its read and T
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
  // The one before the step has no host's side: what was read must be possible all the same.
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
  // One exit may be counted here and not yet there, or the other way round.
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
    R"({"start_total":7,"end_total":10,"own_exits":3,"attempts":2,)"
    R"("total_cycles":18446744073709551615,"leaf_reads":77,"late_reads":9,)"
    R"("reasons":[[10,5,4,9],[1,4294967295,4294967294,null],[48,2,null,6]],"new":1})";

TEST(SnapshotJson, ReadsAndWrites) {
  const Snapshot snapshot = parse_snapshot(good);
  EXPECT_EQ(snapshot.total_cycles, UINT64_MAX);
  EXPECT_EQ(snapshot.leaf_reads, 77u);
  EXPECT_EQ(snapshot.late_reads, 9u);
  EXPECT_THAT(
      snapshot.readings,
      testing::ElementsAre(Reading{10, 5, 4, 9}, Reading{1, 4294967295, 4294967294, std::nullopt},
                           Reading{48, 2, std::nullopt, 6}));
  EXPECT_EQ(parse_snapshot(to_json(snapshot)), snapshot);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(SnapshotJson, RefusesNonsense) {
  std::string many = "[0,1,1,1]";
  for (int i = 1; i < 1025; ++i) many += ",[" + std::to_string(i) + ",1,1,1]";
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
      replaced(good, "\"leaf_reads\":77,", ""),
      replaced(good, "77", "true"),
      replaced(good, ":3", ":4"),
      replaced(good, "18446744073709551615", "18446744073709551616"),
      replaced(good, "[1,", "[10,"),
      replaced(good, "[1,", "[1,1,1,"),
      replaced(good, "[10,5,4,9]", "5"),
      replaced(good, "[10,5,4,9]", "[10,5]"),
      replaced(good, "null,6", "0,6"),
      replaced(good, "4294967295", "4294967296"),
      replaced(good, "4294967294", "4294967296"),
      replaced(replaced(good, "[10,5,4,9],[1,4294967295,4294967294,null],[48,2,null,6]", many),
               ":3", ":1026"),
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
      counts_at_end(snapshot);
      between(snapshot, Vendor::svm);
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
    "kvm_exits 30\nstray_exits -2\nlatch 2 20 20\nlatch_later_kvm_exits 23\nnews 1 2 3\n"
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
  EXPECT_EQ(stats.latch_kvm_exits, 20u);
  EXPECT_EQ(stats.latch_later_kvm_exits, 23u);
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
