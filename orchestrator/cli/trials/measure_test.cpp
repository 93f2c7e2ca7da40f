// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/measure.hpp"

#include <gtest/gtest.h>

#include "orchestrator/check/comparison/causes_record.hpp"

namespace lab::cli {
namespace {

namespace condition = record::condition;

// Makes one trial with this state, of which one condition differs from the other side's.
Measured trial_in(const std::string& setting, const std::string& value, std::string_view key) {
  record::Record record = check::trial_with_causes(1, value == "b" ? 5000 : 0);
  record.conditions[std::string(key)] = value;
  return as_measured({value, setting, value}, {std::move(record)});
}

check::Judgement judge(const std::string& setting, std::string_view key) {
  const Measured before = trial_in(setting, "a", key), after = trial_in(setting, "b", key);
  return judge_change(before, after, gate_for({}, setting, {})).judgement();
}

// These are the settings of `lab try`, each with a condition that it decides.
TEST(GateFor, WhatFollowsFromTheSettingMayDiffer) {
  for (const auto& [setting, key] : {std::pair("image", condition::image_digest),
                                     {"image", condition::cmdline},
                                     {"guest.kernel", condition::guest_kernel},
                                     {"guest.kernel", condition::guest_kernel_file},
                                     {"guest.emulator", condition::guest_qemu},
                                     {"kvm.kernel", condition::outer_kernel}})
    EXPECT_EQ(judge(setting, key), check::Judgement::regressed) << setting << ": " << key;
}

TEST(GateFor, NothingElseMayDiffer) {
  for (const char* setting : {"image", "guest.kernel", "guest.emulator", "kvm.kernel"})
    for (const std::string_view key : {condition::emulator, condition::cpu_model})
      EXPECT_EQ(judge(setting, key), check::Judgement::cannot_tell) << setting << ": " << key;
}

}  // namespace
}  // namespace lab::cli
