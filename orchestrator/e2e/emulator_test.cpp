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

// next-rip: KVM uses it where the processor has it.
TEST_F(OwnEmulator, SavesTheNextInstructionsAddress) {
  up();
  if (HasFatalFailure()) return;
  EXPECT_EQ(inside("modprobe kvm_amd; cat /sys/module/kvm_amd/parameters/nrips").output, "1\n");
  EXPECT_THAT(inside("grep -m 1 ^flags /proc/cpuinfo").output, HasSubstr(" nrip_save"));
}

}  // namespace
}  // namespace lab::e2e
