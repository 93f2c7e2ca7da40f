// SPDX-License-Identifier: MIT
// Tests Intel VMX, emulated by Bochs: the counts of the same trial agree with every independent
// view, and repeat to the last exit, as nothing from outside reaches Bochs.
#include <signal.h>

#include <chrono>
#include <thread>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

class Vmx : public LabTest {
 protected:
  json boot_tiny() {
    const Finished run =
        lab({"run", write_tiny(count_to_2000), "--on", "vmx", "--verify-tracepoint", "--retry", "1",
             "--format", "json", "--store", store()},
            {.limit = std::chrono::minutes(15)});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const std::vector<json> trials = trials_of(run);
    return trials.size() == 1 ? trials[0] : json();
  }
};

std::map<std::string, std::uint64_t> table_of(const json& step) {
  std::map<std::string, std::uint64_t> table;
  for (const json& reason : step.at("reasons")) table[reason.at("name")] = reason.at("exits");
  return table;
}

TEST_F(Vmx, TinyBootsWithTheSameExitsEachTime) {
  const json first = boot_tiny();
  ASSERT_TRUE(first.is_object());
  for (const json& check : first.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
  const json traced = named(first.at("checks"), "at rest: every reason = tracepoint");
  EXPECT_GT(traced.value("left", 0u), 1000u);
  EXPECT_EQ(traced.value("left", 0u), traced.value("right", 1u));
  EXPECT_EQ(first.at("conditions").at("vendor"), "vmx");
  EXPECT_EQ(first.at("conditions").at("outer_tsc"), "100 MHz");
  const auto boot = table_of(named(first.at("steps"), "boot"));
  for (const char* reason : {"EPT_VIOLATION", "IO_INSTRUCTION", "MSR_WRITE", "CPUID", "CR_ACCESS"})
    EXPECT_TRUE(boot.contains(reason)) << reason;

  // All runs continue from one state, also the first, which made it.
  EXPECT_THAT(first.at("conditions").at("emulator").get<std::string>(),
              testing::HasSubstr("machine-port"));
  const json second = boot_tiny();
  ASSERT_TRUE(second.is_object());
  EXPECT_NE(first.at("id"), second.at("id"));
  for (const char* step : {"boot", "cpu"})
    EXPECT_EQ(table_of(named(first.at("steps"), step)), table_of(named(second.at("steps"), step)));
}

// The processor's CPUID names a frequency, which must be that of Bochs' clocks.
TEST_F(Vmx, ANewerProcessorKeepsItsTime) {
  const Finished run =
      lab({"run", write_tiny(count_to_2000), "--on", "vmx", "--set", "kvm.processor=skylake-x",
           "--verify-tracepoint", "--format", "json", "--store", store()},
          {.limit = std::chrono::minutes(15)});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const json trial = trials_of(run).at(0);
  for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
  EXPECT_THAT(trial.at("conditions").at("cpu_model").get<std::string>(),
              testing::HasSubstr("7800X"));
  EXPECT_EQ(trial.at("conditions").at("outer_tsc"), "100 MHz");
}

// Returns the Bochs that a lab started.
pid_t bochs_of(pid_t lab) {
  for (const pid_t pid : family_of(lab))
    if (base::read_file("/proc/" + std::to_string(pid) + "/comm").starts_with("bochs")) return pid;
  return 0;
}

TEST_F(Vmx, ACommandsOutputAndExitCodeComeBack) {
  const Finished run = lab({"outer", "run", "--on", "vmx",
                            "grep -c ' vmx ' /proc/cpuinfo; echo no >&2; printf end; exit 7"},
                           {.limit = std::chrono::minutes(5)});
  EXPECT_EQ(run.exit_code, 7) << run.errors;
  EXPECT_EQ(run.output, "1\nno\nend");
}

TEST_F(Vmx, AStuckMachineAndAKilledBochsAreErrorsAndNothingIsLeft) {
  const Finished stuck = lab({"outer", "run", "--on", "vmx", "--timeout", "5", "true"});
  EXPECT_EQ(stuck.exit_code, 124) << stuck.errors;
  EXPECT_THAT(stuck.errors, testing::HasSubstr("not done within 5 s"));
  EXPECT_THAT(left_by(stuck.pid), testing::IsEmpty());

  std::vector<pid_t> family;
  const auto kill_bochs = [&](pid_t lab, const std::string& line) {
    if (line.find("] outer VM") == std::string::npos) return;
    pid_t bochs = 0;
    for (int tries = 0; tries < 100 && bochs == 0; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      bochs = bochs_of(lab);
    }
    family = family_of(lab);
    ASSERT_NE(bochs, 0);
    ::kill(bochs, SIGKILL);
  };
  const Finished killed = lab({"outer", "run", "--on", "vmx", "true"}, {.on_line = kill_bochs});
  EXPECT_EQ(killed.exit_code, 3) << killed.errors;
  EXPECT_THAT(killed.errors, testing::HasSubstr("the outer VM ended in the middle of its job"));
  EXPECT_THAT(left_by(killed.pid), testing::IsEmpty());
  for (const pid_t pid : family) EXPECT_FALSE(is_alive(pid)) << pid;
}

}  // namespace
}  // namespace lab::e2e
