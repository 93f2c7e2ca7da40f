// SPDX-License-Identifier: MIT
// Tests the patched modules alone, on the default kernel.
#include "orchestrator/e2e/kernel_side.hpp"

namespace lab::e2e {
namespace {

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

}  // namespace
}  // namespace lab::e2e
