// SPDX-License-Identifier: MIT
#include "orchestrator/run/doctor/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::run {
namespace {

using testing::HasSubstr;

Finding judged(const base::Outcome& outcome) {
  return judge_exits({.name = "x", .ok = true, .detail = "the firmware came up"}, "a guest",
                     outcome);
}

base::Outcome printed(const std::string& line) {
  return {.exit_code = 0, .output = "500 exits of CPUID leaf 0x1, 1 times\n" + line};
}

TEST(JudgeExits, ASiteIsNoUseWhoseGuestsTakeForever) {
  const Finding quick = judged(printed("exit 3254.7 ns 9123.0 ticks\n"));
  EXPECT_TRUE(quick.ok);
  EXPECT_EQ(quick.detail, "the firmware came up; an exit of a guest takes 3.3 µs");
  EXPECT_TRUE(judged(printed("exit 230000.0 ns 1.0 ticks\n")).ok);
  const Finding slow = judged(printed("exit 7500000.0 ns 1.0 ticks\n"));
  EXPECT_FALSE(slow.ok);
  EXPECT_THAT(slow.detail, HasSubstr("7500.0 µs, and more than 5000 is no use"));
}

TEST(JudgeExits, OneThatDoesNotComeBackOrFailsIsNone) {
  const Finding hung = judged({.signal = 9, .timed_out = true});
  EXPECT_FALSE(hung.ok);
  EXPECT_THAT(hung.detail, HasSubstr("does not get through 500 exits within 15 s"));
  const Finding failed = judged({.exit_code = 3, .errors = "lab: error: KVM_RUN: x\nhint\n"});
  EXPECT_FALSE(failed.ok);
  EXPECT_THAT(failed.detail, HasSubstr("a guest fails: lab: error: KVM_RUN: x"));
  EXPECT_FALSE(judged(printed("exit of another kind\n")).ok);
}

// A container's or service's limits are not the machine's.
TEST(Doctor, SaysWhatLabMayUseOfTheMachine) {
  const base::TemporaryFolder root(testing::TempDir(), "doctor-test");
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root.path() / name).parent_path());
    base::write_file(root.path() / name, text);
  };
  write("proc/meminfo", "MemAvailable: 64000000 kB\n");
  write("proc/self/cgroup", "0::/\n");
  EXPECT_TRUE(probe_memory(root.path()).ok);
  write("sys/fs/cgroup/memory.max", std::to_string(1000u << 20));
  write("sys/fs/cgroup/memory.current", "0");
  const Finding memory = probe_memory(root.path());
  EXPECT_FALSE(memory.ok);
  EXPECT_THAT(memory.detail, HasSubstr("1000 MiB available"));
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_THAT(probe_processors(root.path()).detail, testing::StartsWith("1 for lab"));
}

TEST(Doctor, SaysThatLabMakesNothingOnAnotherDistribution) {
  const base::TemporaryFolder root(testing::TempDir(), "doctor-test");
  std::filesystem::create_directories(root.path() / "etc");
  base::write_file(root.path() / "etc/os-release", "ID=fedora\nPRETTY_NAME=\"Fedora Linux 41\"\n");
  const Finding fedora = probe_distribution(root.path());
  EXPECT_FALSE(fedora.ok);
  EXPECT_THAT(fedora.detail, HasSubstr("this is 'Fedora Linux 41'"));
  EXPECT_THAT(fedora.remedy, HasSubstr("ci/Containerfile"));
  EXPECT_TRUE(probe_distribution().ok) << "these tests run on Debian";
}

// Modules that cannot be swapped, for whatever reason, are a reason to go on to the next site.
TEST(ChooseSite, TakesThisMachinesModulesOnlyWhereTheyCanBeSwapped) {
  std::vector<Finding> found{{.name = "this machine's own modules", .ok = true},
                             {.name = "/dev/kvm", .ok = true},
                             {.name = "nested KVM", .ok = true, .detail = "on"},
                             {.name = "emulated AMD SVM", .ok = true}};
  EXPECT_EQ(choose_site(found).site, &record::site_here);
  found[0] = {.name = found[0].name, .detail = "kvm is in use by process 12 (qemu)"};
  EXPECT_EQ(choose_site(found).site, &record::site_kvm);
  found[2].ok = false;
  EXPECT_EQ(choose_site(found).site, &record::site_svm);
  found[3].ok = false;
  const Choice none = choose_site(found);
  EXPECT_EQ(none.site, nullptr);
  EXPECT_THAT(none.reason, HasSubstr("QEMU's emulation does not work either"));
}

// What choose_site() takes, where nothing has to be tried.
TEST(ChooseSite, TakesEmulationWhereGuestsGuestsAreTooSlow) {
  const std::vector<Finding> found{{.name = "this machine's own modules"},
                                   {.name = "/dev/kvm", .ok = true},
                                   {.name = "nested KVM", .detail = "on; too slow"},
                                   {.name = "emulated AMD SVM", .ok = true}};
  const Choice choice = choose_site(found);
  EXPECT_EQ(choice.site, &record::site_svm);
  EXPECT_EQ(choice.reason, "nested KVM: on; too slow");
}

}  // namespace
}  // namespace lab::run
