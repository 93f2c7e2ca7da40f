// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/measure.hpp"

#include <gtest/gtest.h>

#include "orchestrator/check/comparison/causes_record.hpp"

namespace lab::cli {
namespace {

// Makes one trial with this state, of which one condition differs from the other side's.
Measured trial_in(const std::string& setting, const std::string& value, const std::string& key) {
  record::Record record = check::trial_with_causes(1, value == "b" ? 5000 : 0);
  record.conditions[key] = value;
  return as_measured({value, setting, value}, {std::move(record)});
}

check::Verdict judge(const std::string& setting, const std::string& key) {
  const Measured before = trial_in(setting, "a", key), after = trial_in(setting, "b", key);
  return judge_change(before, after, gate_for({}, {}, before, after));
}

// These are all that `lab try` and `lab bisect --over` take, each with a condition that it decides.
TEST(GateFor, WhatFollowsFromTheSettingMayDiffer) {
  for (const auto& [setting, key] : {std::pair("image", "image_digest"),
                                     {"image", "guest_cmdline"},
                                     {"guest.kernel", "guest_kernel_file"},
                                     {"guest.initrd", "guest_initrd_file"},
                                     {"guest.emulator", "guest_qemu"},
                                     {"guest.firmware", "firmware"},
                                     {"kvm.kernel", "outer_kernel"}})
    EXPECT_EQ(judge(setting, key).judgement(), check::Judgement::regressed) << setting;
}

// Another processor or emulator of the outer VM does not follow from a kernel.
TEST(GateFor, NothingElseMayDifferBetweenKernels) {
  EXPECT_EQ(judge("kvm.kernel", "emulator").judgement(), check::Judgement::cannot_tell);
}

}  // namespace
}  // namespace lab::cli
