// SPDX-License-Identifier: MIT
// lab's own QEMU: what the packaged one gets wrong (ci/emulators/qemu). Shadow paging is in Counts.
#include "orchestrator/e2e/kernel_side.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;

class OwnEmulator : public KernelSide {};

// own-hflags: each task switch on the second processor restores an FPU state. QEMU without that
// change ends such a guest within seconds, by a triple fault that is none of its own.
TEST_F(OwnEmulator, LeavesAnotherProcessorsExitsAlone) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  inside("(taskset -c 1 perf bench sched pipe -l 1000000000 >/dev/null 2>&1 &)");
  const Finished fuzz = inside(
      "taskset -c 0 /run/lab/job/lab vmm fuzz --seconds 15 --vcpus 1 --seed 1; code=$?\n"
      "pkill perf; exit $code");
  EXPECT_THAT(fuzz.output, HasSubstr("\nok\n"));
  expect_a_calm_kernel();
}

// interrupt-once: while another processor stops this one, over and over. The packaged QEMU delivers
// 4 to 24 of 3,000 interrupts twice (6 of 6 runs).
TEST_F(OwnEmulator, DeliversAnInjectedInterruptOnce) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  vmm("interrupts --times 3000");
  expect_a_calm_kernel();
}

// virq-under-bql: the first CR8 written while an interrupt is pending ended QEMU, outer VM and all.
TEST_F(OwnEmulator, OutlivesATaskPriority) {
  up();
  if (HasFatalFailure()) return;
  load("exit_layout=descending");
  vmm("priority --times 1000");
  expect_a_calm_kernel();
}

// next-rip: KVM uses it where the processor has it, and then handles interrupts between a guest's
// processors in its fastpath. All counts agree with the tracepoint's there, too.
TEST_F(OwnEmulator, LetsKvmTakeItsFastpath) {
  const Finished run = lab({"run", write_tiny(), "--on", "svm", "--set", "guest.vcpus=2",
                            "--verify-tracepoint", "--format", "json", "--store", store()});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  const std::vector<json> trials = trials_of(run);
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_GT(trials[0].at("host").at("fastpath").get<std::uint64_t>(), 0u);
  for (const json& check : trials[0].at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
}

}  // namespace
}  // namespace lab::e2e
