// SPDX-License-Identifier: MIT
// Tests the patched modules alone, on the default kernel.
#include "orchestrator/e2e/kernel_side.hpp"

#include "orchestrator/base/files/folders.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(KernelSide, ProvesItselfUnderEachSetting) {
  up();
  if (HasFatalFailure()) return;
  prove_each_setting();
}

// Takes long, so it runs nightly (label "nightly") and not for every change.
TEST_F(KernelSide, NightlyFuzzesForMinutesAndMakesManyVms) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  vmm("fuzz --seconds 180 --seed 11", 900);
  vmm("create --times 1000", 3000);
  load("exit_layout=combined npt=0 exit_histograms=on");
  vmm("fuzz --seconds 120 --seed 12", 900);
  vmm("nested --exits 100000", 900);
  vmm("create --times 500", 1800);
  vmm("reload --times 100", 1800);
  expect_a_calm_kernel();
}

// Each read of a total visits all vCPUs of the VM.
TEST_F(KernelSide, NightlyReadsTheCountsOfAThousandVcpus) {
  up();
  if (HasFatalFailure()) return;
  for (const char* parameters : {"exit_layout=descending", "exit_causes=16"}) {
    load(parameters);
    inside(
        "ulimit -n 4096; /run/lab/job/lab vmm reading --vcpus 2 --idle 1000 --times 5 | grep -x ok",
        900);
  }
  expect_a_calm_kernel();
}

// Builds modules to which every vCPU is too large for the room before its counts. With a size that
// the slab allocator takes, KVM would start and write beyond its objects.
TEST_F(KernelSide, NightlyAVcpuThatIsTooLargeKeepsKvmFromStarting) {
  const fs::path share = folder() / "share", cache = folder() / "cache";
  fs::create_directories(share);
  for (const char* part : {"ci", "images", "orchestrator", "scenarios"})
    fs::create_symlink(fs::path(LAB_SOURCE_DIR) / part, share / part);
  fs::copy(LAB_SOURCE_DIR "/kvm-patch", share / "kvm-patch", fs::copy_options::recursive);
  const fs::path file = share / "kvm-patch/exit_stats.c";
  std::string text = contents(file);
  const std::string condition = "vcpu_size > EXIT_STATS_OFFSET";
  ASSERT_THAT(text, HasSubstr(condition));
  text.replace(text.find(condition), condition.size(), "vcpu_size > 0");
  base::write_file(file, text);
  make_cache_without("modules", cache);

  up({}, {{"LAB_SHARE", share}, {"XDG_CACHE_HOME", cache}});
  if (HasFatalFailure()) return;
  inside("! /run/lab/job/lab kvm load --modules /run/lab/job/modules");
  const std::string log = inside("dmesg").output;
  EXPECT_THAT(log, HasSubstr("exit_stats_reserve"));
  for (const char* word : {"BUG", "Oops", "general protection"})
    EXPECT_THAT(log, Not(HasSubstr(word)));
  inside("modprobe kvm_amd; test -c /dev/kvm");
  EXPECT_THAT(inside("/run/lab/job/lab kvm status").output, HasSubstr("kvm: stock"));
}

}  // namespace
}  // namespace lab::e2e
