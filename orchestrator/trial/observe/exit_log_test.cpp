// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/exit_log.hpp"

#include <gmock/gmock.h>

namespace lab::trial {
namespace {

exits::HostStats stats_of(std::vector<std::uint64_t> vcpus) {
  exits::HostStats stats;
  for (std::uint32_t id = 0; id < vcpus.size(); ++id) {
    exits::HostVcpu vcpu;
    vcpu.id = id;
    vcpu.exits = vcpus[id];
    stats.by_vcpu.push_back(vcpu);
  }
  return stats;
}

const std::string first_line = "kvm: exits: pid 812 vcpu 0: 1000: msr 900, PF excp 60, others 40";
const std::string second_line = "kvm: exits: pid 812 vcpu 0: 2001: msr 1900, PF excp 60, others 41";

exits::Check check(std::vector<std::string> texts, std::vector<std::uint64_t> vcpus) {
  return check_exit_log({std::move(texts)}, 812, stats_of(std::move(vcpus)), 1000);
}

TEST(ExitLog, LinesThatFollowTheCountsAreRight) {
  const exits::Check good =
      check({"other", first_line, "kvm: exits: pid 9 vcpu 0: 7: x 1", second_line}, {2999});
  EXPECT_TRUE(good.ok) << good.detail;
  EXPECT_EQ(good.left, 2001u);
  EXPECT_EQ(good.right, 2999u);
  EXPECT_TRUE(check({}, {999, 3}).ok);
}

TEST(ExitLog, TellsWhatIsMissingOrWrong) {
  EXPECT_FALSE(check({first_line}, {2500}).ok);               // a line is missing
  EXPECT_FALSE(check({}, {5000}).ok);                         // all are
  EXPECT_FALSE(check({second_line, first_line}, {2500}).ok);  // they fall
  EXPECT_FALSE(check({first_line, second_line}, {1500}).ok);  // more than there were
  EXPECT_FALSE(check({first_line}, {1500, 4000}).ok);         // the other vCPU's
  EXPECT_FALSE(check({"kvm: exits: pid 812 vcpu 0: 1000: msr 900, others 40"}, {1500}).ok);
}

TEST(ExitLog, LinesThatTheKernelLeftOutAreTold) {
  const exits::Check check = trial::check_exit_log(
      {{first_line, "log_line: 12 callbacks suppressed"}}, 812, stats_of({9000}), 1000);
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_THAT(check.detail, testing::HasSubstr("left out"));
}

TEST(ExitLog, ReadsTheParameter) {
  EXPECT_EQ(exit_log_every({{"exit_log_every", "10000"}}), 10000u);
  EXPECT_EQ(exit_log_every({{"npt", "1"}}), 0u);
}

}  // namespace
}  // namespace lab::trial
