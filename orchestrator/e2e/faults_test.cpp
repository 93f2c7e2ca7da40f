// SPDX-License-Identifier: MIT
// Tests guests that misbehave in every way: each gives the right outcome, exit code and message,
// and the trial after it in the same outer VM passes.
#include "orchestrator/e2e/fault_reader.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class Faults : public LabTest {
 protected:
  // Runs one trial for each fault, in one outer VM.
  std::vector<json> run(const std::vector<Fault>& faults, int exit_code) {
    const fs::path scenario = write("faults.yaml", fault_scenario(faults));
    const Finished finished =
        lab({"run", scenario.string(), "--on", "svm", "--format", "json", "--store", store()},
            {.environment = {{"LAB_READER", write_fault_reader(folder()).string()}}});
    EXPECT_EQ(finished.exit_code, exit_code) << finished.errors;
    EXPECT_THAT(left_by(finished.pid), IsEmpty());
    std::vector<json> trials = trials_of(finished);
    EXPECT_EQ(trials.size(), faults.size()) << finished.errors;
    trials.resize(faults.size(), json::object());
    return trials;
  }
};

void expect_outcome(const json& trial, const std::string& outcome, const std::string& message) {
  EXPECT_EQ(trial.value("outcome", ""), outcome) << trial.dump(1);
  EXPECT_THAT(trial.value("message", ""), HasSubstr(message));
}

void expect_on_console(const json& trial, const std::string& text) {
  EXPECT_THAT(trial.value("console_tail", ""), HasSubstr(text));
}

TEST_F(Faults, AbuseOfTheReadersPortFailsTheTrialOnly) {
  const auto trials =
      run({Fault::garbage, Fault::endless_line, Fault::flood_of_lines, Fault::lie, Fault::none}, 1);
  expect_outcome(trials[0], "failed", "the guest sent garbage");
  expect_outcome(trials[1], "failed", "a line of more than");
  expect_outcome(trials[2], "failed", "");
  expect_outcome(trials[3], "failed", "boot: guest = host");
  // The check shows both sides.
  const json check = named(trials[3].at("checks"), "boot: guest = host");
  EXPECT_FALSE(check.value("ok", true));
  EXPECT_EQ(check.value("left", 0u), 1102u);
  EXPECT_GT(check.value("right", 0u), 1102u);
  EXPECT_THAT(check.value("detail", ""), AllOf(HasSubstr("guest"), HasSubstr("host")));
  expect_outcome(trials[4], "passed", "");
}

TEST_F(Faults, AGuestThatFailsIsAResult) {
  const auto trials =
      run({Fault::panic, Fault::power_off, Fault::reset, Fault::panic_in_step, Fault::none}, 5);
  expect_outcome(trials[0], "guest_failed", "panicked");
  expect_on_console(trials[0], "Kernel panic - not syncing");
  expect_outcome(trials[1], "guest_failed", "ended by itself");
  expect_outcome(trials[2], "guest_failed", "ended by itself");
  expect_outcome(trials[3], "guest_failed", "panicked");
  expect_on_console(trials[3], "Kernel panic - not syncing");
  EXPECT_GT(named(trials[3].at("steps"), "boot").value("exits", 0u), 0u) << "what was counted";
  expect_outcome(trials[4], "passed", "");
}

TEST_F(Faults, TimeLimitsEndABootAndAStep) {
  const auto trials = run({Fault::never_ready, Fault::hang_in_step, Fault::none}, 124);
  expect_outcome(trials[0], "timed_out", "did not report ready within 25 s");
  expect_on_console(trials[0], "never ready");
  expect_outcome(trials[1], "timed_out", "step 'fault' was not done within 5 s");
  EXPECT_GT(named(trials[1].at("steps"), "boot").value("exits", 0u), 0u);
  expect_outcome(trials[2], "passed", "");
}

}  // namespace
}  // namespace lab::e2e
