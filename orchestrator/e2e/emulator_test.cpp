// SPDX-License-Identifier: MIT
// lab's own QEMU: what the packaged one gets wrong (ci/emulators/qemu). Shadow paging is in Counts,
// interrupts that are delivered once are in Exact.
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
