// SPDX-License-Identifier: MIT
#include "orchestrator/run/doctor/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::run {
namespace {

namespace fs = std::filesystem;
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

// A container's /dev/kvm has the number of the host's group, which may be any other group there.
TEST(ProbeKvm, AsksAsTheUserWhoRunsQemu) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  const base::TemporaryFolder folder("/tmp", "doctor-test");
  const fs::path device = folder.path() / "kvm";
  base::write_file(device, "");
  fs::permissions(folder.path(), fs::perms(0755));
  fs::permissions(device, fs::perms(0660));
  const base::Account qemu{64321, 64322};
  ASSERT_EQ(::chown(device.c_str(), 0, 64323), 0);
  EXPECT_EQ(why_not_for_qemu(qemu, device),
            "libvirt runs QEMU as user 64321, who may not read and write it");
  ASSERT_EQ(::chown(device.c_str(), 0, qemu.group), 0);
  EXPECT_EQ(why_not_for_qemu(qemu, device), "");
  fs::permissions(device, fs::perms(0640));
  EXPECT_NE(why_not_for_qemu(qemu, device), "");
  EXPECT_EQ(why_not_for_qemu(std::nullopt, device), "");  // QEMU runs as lab does
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

// A VM on an AMD whose modules could be swapped; each test takes something from it.
class OwnModules : public testing::Test {
 protected:
  OwnModules() {
    write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu svm hypervisor npt\n");
    write("sys/module/kvm/initstate", "live\n");
    write("cache/kernels/6.1.0-41-amd64/info.json",
          R"({"release":"6.1.0-41-amd64","version":"6.1.158-1","suite":"bookworm"})");
    write("kvm.s", ".section .modinfo, \"a\"\n.string \"vermagic=6.1.0-41-amd64 SMP \"\n");
    base::run_checked({.argv = {"gcc", "-c", "-o", path("kvm.ko"), path("kvm.s")}});
  }

  fs::path path(const std::string& name) const { return folder_.path() / name; }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(path(name).parent_path());
    base::write_file(path(name), text);
  }

  void link(const std::string& name, const std::string& target) const {
    fs::create_directories(path(name).parent_path());
    fs::create_symlink(target, path(name));
  }

  std::string why() const { return why_not_here(machine_); }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "probe-test"};
  OwnMachine machine_{.root = folder_.path(),
                      .cache = path("cache"),
                      .release = "6.1.0-41-amd64",
                      .version = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.158-1 (2025-11-09)",
                      .module_file = [this](const std::string&) { return path("kvm.ko"); }};
};

TEST_F(OwnModules, AreSwappedInAVmWhereNothingIsAgainstIt) {
  EXPECT_EQ(why(), "");
}

TEST_F(OwnModules, StayWhereTheProcessorHasNoVirtualization) {
  write("proc/cpuinfo", "flags\t\t: fpu hypervisor\n");
  EXPECT_EQ(why(), "the CPU shows neither vmx nor svm");
}

TEST_F(OwnModules, OfARealMachineStay) {
  write("proc/cpuinfo", "flags\t\t: fpu vmx\n");
  EXPECT_THAT(why(), HasSubstr("not a VM"));
}

TEST_F(OwnModules, AreNotForUsers) {
  machine_.user = 1000;
  EXPECT_EQ(why(), "only root may swap modules");
}

TEST_F(OwnModules, StayWhereLabIsInAContainer) {
  link("proc/self/ns/pid", "pid:[4026532201]");
  EXPECT_THAT(why(), HasSubstr("container"));
}

TEST_F(OwnModules, StayWhereKvmIsBuiltIn) {
  fs::remove(path("sys/module/kvm/initstate"));
  EXPECT_THAT(why(), HasSubstr("built into this kernel"));
}

TEST_F(OwnModules, StayWhereTheKernelIsLockedDown) {
  write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
  EXPECT_THAT(why(), HasSubstr("locked down (integrity)"));
}

TEST_F(OwnModules, StayWhereTheirFilesAreGone) {
  machine_.module_file = [](const std::string&) { return fs::path(); };
  EXPECT_THAT(why(), HasSubstr("the stock modules could not come back"));
}

TEST_F(OwnModules, StayWhereAVmRuns) {
  write("proc/12/comm", "qemu\n");
  link("proc/12/fd/9", "/dev/kvm");
  EXPECT_EQ(why(), "kvm is in use by process 12 (qemu)");
}

TEST_F(OwnModules, OfAnotherMakersKernelStay) {
  machine_.version = "#1 SMP PREEMPT_DYNAMIC Tue Nov 10 2026";
  EXPECT_EQ(why(), "6.1.0-41-amd64 is no kernel of Debian's");
}

TEST_F(OwnModules, OfAKernelWithoutAKitStay) {
  machine_.version = "#1 SMP Debian 6.1.158-2 (2025-12-01)";
  EXPECT_THAT(why(), HasSubstr("the cache's kernel 6.1.0-41-amd64 is 6.1.158-1"));
  fs::remove_all(path("cache"));
  EXPECT_THAT(why(), HasSubstr("neither lab's cache nor apt has image, headers and source"));
}

// `lab doctor` prints what this returns.
TEST_F(OwnModules, FindingSaysWhy) {
  const Finding finding = probe_here(path("cache"));
  EXPECT_EQ(finding.name, "this machine's own modules");
  EXPECT_NE(finding.detail, "");
  EXPECT_EQ(finding.remedy.empty(), finding.ok);
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
