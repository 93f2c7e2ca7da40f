// SPDX-License-Identifier: MIT
#include "orchestrator/exits/host_stats.hpp"

#include <gmock/gmock.h>

#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/replaced_test.hpp"

namespace lab::exits {
namespace {

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
