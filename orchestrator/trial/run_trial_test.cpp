// SPDX-License-Identifier: MIT
// Runs whole trials on a simulated host: every outcome, and a fault in every call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stop_token>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/trial/host/fake_host.hpp"
#include "orchestrator/trial/trial.hpp"

namespace lab::trial {
namespace {

using record::Outcome;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* all_steps =
    "steps:\n"
    "  - boot:\n"
    "  - run: {name: command, command: 'true'}\n"
    "  - sleep: {name: rest, duration: 20 ms}\n"
    "  - host: {name: hold, pause: 10 ms}\n"
    "  - reboot: {name: again}\n"
    "  - shutdown: {name: down}\n";

class RunTrial : public testing::Test {
 protected:
  scenario::TrialPlan plan_of(const std::string& steps) const {
    return scenario::expand(
        scenario::parse("version: 1\nname: t\nimage: tiny\n" + steps, "t.yaml"))[0];
  }

  record::Record run(FakeHost& host, const scenario::TrialPlan& plan, bool traced = true) {
    phases_.clear();
    const TrialContext context{.host = &host,
                               .run_id = "r1",
                               .folder = folder_.path(),
                               .sockets = folder_.path(),
                               .conditions = {{"vendor", "svm"}, {"site", "svm"}},
                               .verify_tracepoint = traced,
                               .sink = [&](const Event& event) {
                                 if (const auto* begun = event.get<PhaseBegun>())
                                   phases_.push_back(in_words(begun->phase));
                               }};
    record::Record record = run_trial(plan, {.name = "tiny", .kernel = "/k"}, context);
    EXPECT_EQ(host.machines(), 0);  // whatever the outcome
    return record;
  }
  record::Record run(FakeBehaviour behaviour, const std::string& steps) {
    FakeHost host(std::move(behaviour));
    return run(host, plan_of(steps));
  }

  static std::string failed_checks(const record::Record& record) {
    std::string names;
    for (const exits::Check& check : record.checks)
      if (!check.ok) names += check.name + " | " + check.detail + "\n";
    return names;
  }

  base::TemporaryFolder folder_{"/tmp", "lab-test"};
  std::vector<std::string> phases_;
};

TEST_F(RunTrial, CountsEachStepAndPasses) {
  const record::Record record = run({}, all_steps);
  EXPECT_EQ(record.outcome, Outcome::passed) << record.message << "\n" << failed_checks(record);
  ASSERT_EQ(record.steps.size(), 6u);
  EXPECT_EQ(record.steps[0].name, "boot");
  // The boot has 300 and 20 exits and the reader's own: T, three reasons, T, then three reasons
  // again.
  EXPECT_EQ(record.steps[0].exits, 325u);
  EXPECT_EQ(record.steps[1].exits, 7u + 8u);
  EXPECT_EQ(record.steps[1].output, "out");
  EXPECT_EQ(record.steps[5].view, record::View::host);
  EXPECT_THAT(phases_,
              testing::ElementsAre("start", "boot", "step command", "step rest", "step hold",
                                   "step again", "step down", "self-check", "cleanup"));
  EXPECT_EQ(record.conditions.at("guest_kernel"), "6.1-fake");
}

TEST_F(RunTrial, SeveralGuestsAreCountedEach) {
  const record::Record record =
      run({}, "guest: {count: 3}\nsteps:\n  - boot:\n  - run: {name: a, command: 'true'}\n");
  EXPECT_EQ(record.outcome, Outcome::passed) << record.message << "\n" << failed_checks(record);
  EXPECT_EQ(record.steps.size(), 6u);
}

TEST_F(RunTrial, ViewsThatDisagreeFailIt) {
  const record::Record record = run({.miscounted = 1}, "steps: [boot: {}]\n");
  EXPECT_EQ(record.outcome, Outcome::failed);
  EXPECT_THAT(record.message, HasSubstr("boot: guest = host"));
  const record::Record untraced = run({.untraced = 1}, "steps: [boot: {}]\n");
  EXPECT_EQ(untraced.outcome, Outcome::failed);
  EXPECT_EQ(untraced.message, "failed checks: at rest: every reason = tracepoint");
}

TEST_F(RunTrial, DetailsThatATracepointDoesNotSeeFailIt) {
  const std::string steps = "kvm: {causes: 16}\nsteps: [boot: {}]\n";
  const record::Record good = run({}, steps);
  EXPECT_EQ(good.outcome, Outcome::passed) << good.message << "\n" << failed_checks(good);
  EXPECT_NE(std::ranges::find(good.checks, "at rest: io causes = tracepoint kvm_pio",
                              &exits::Check::name),
            good.checks.end());
  const record::Record bad = run({.overtraced = 1}, steps);
  EXPECT_EQ(bad.message, "failed checks: at rest: io causes = tracepoint kvm_pio");
}

TEST_F(RunTrial, CausesAddUpToTheReasonsOfEachStep) {
  const record::Record record = run({}, std::string("kvm: {causes: 16}\n") + all_steps);
  EXPECT_EQ(record.outcome, Outcome::passed) << record.message << "\n" << failed_checks(record);
  ASSERT_EQ(record.steps.size(), 6u);
  for (const record::Step& step : record.steps) {
    EXPECT_EQ(step.causes.empty(), step.exits == 0u) << step.name;
    EXPECT_EQ(record::causes_problem(step), std::nullopt) << step.name;
  }
  for (const char* check :
       {"boot: ", "command: ", "rest: ", "hold: ", "again: ", "down: ", "at rest: "})
    EXPECT_NE(std::ranges::find(record.checks, check + std::string("sum of causes = reasons"),
                                &exits::Check::name),
              record.checks.end())
        << check;
}

TEST_F(RunTrial, CausesThatDoNotAddUpFailIt) {
  const record::Record record = run({.uncaused = 1}, "kvm: {causes: 16}\nsteps: [boot: {}]\n");
  EXPECT_EQ(record.outcome, Outcome::failed);
  EXPECT_THAT(record.message, HasSubstr("boot: sum of causes = reasons"));
}

// Returns the places of the boot's causes, and the record's check of their names.
std::pair<std::string, exits::Check> places(const record::Record& record) {
  EXPECT_EQ(record.outcome, Outcome::passed) << record.message;
  std::string places;
  for (const record::Cause& cause : record.steps.at(0).causes) places += cause.place + "\n";
  const auto check = std::ranges::find(record.checks, "places named", &exits::Check::name);
  return {places, check == record.checks.end() ? exits::Check{} : *check};
}

TEST_F(RunTrial, AKernelThatHidesItsAddressesLeavesThemAndSaysSo) {
  const std::string steps = "kvm: {causes: 16}\nsteps: [boot: {}]\n";
  const auto [named, all] = places(run({}, steps));
  EXPECT_THAT(named, HasSubstr("at_ffffffff81000"));
  EXPECT_EQ(all.left, all.right);
  const auto [hidden, none] = places(run({.hidden_symbols = "kptr_restrict"}, steps));
  EXPECT_THAT(hidden, HasSubstr("kernel 0xffffffff81000"));
  EXPECT_EQ(none.left, 0u);
  EXPECT_EQ(none.note, "kptr_restrict");
}

TEST_F(RunTrial, AReaderThatKnowsNoSymbolsLeavesAddressesAndSaysSo) {
  const auto [old, none] = places(run({.protocol = 3}, "kvm: {causes: 16}\nsteps: [boot: {}]\n"));
  EXPECT_THAT(old, HasSubstr("kernel 0xffffffff81000"));
  EXPECT_EQ(none.left, 0u);
  EXPECT_GT(none.right, 0u);
  EXPECT_EQ(none.note,
            "the guest's reader (protocol 3) is older than this lab and names no functions: lab "
            "image prepare makes the image anew");
}

// Simulates exits so costly that an interrupt falls between any two reads.
TEST_F(RunTrial, WhatComesBetweenTheReadsFailsNothing) {
  const record::Record record = run({.disturbed = 2}, all_steps);
  EXPECT_EQ(record.outcome, Outcome::passed) << record.message << "\n" << failed_checks(record);
  ASSERT_EQ(record.steps.size(), 6u);
  EXPECT_EQ(record.steps[0].clean, false);
  // The reader reads T, four reasons, T, each after two more exits.
  EXPECT_EQ(record.steps[0].exits, 320u + 3u * 6u);
  // It reads four reasons for the snapshot before, then T, four reasons, T.
  EXPECT_EQ(record.steps[1].exits, 7u + 3u * 10u);
  EXPECT_EQ(record.steps[1].reader_exits, 10u);
  const auto check = std::ranges::find(record.checks, "command: guest = host", &exits::Check::name);
  ASSERT_NE(check, record.checks.end());
  EXPECT_THAT(check->note, HasSubstr("10 other exits came between the reads after the step (INTR"));
}

TEST_F(RunTrial, ReadsThatCannotBeFailIt) {
  const record::Record record = run({.disturbed = 2, .misread = 1}, "steps: [boot: {}]\n");
  EXPECT_EQ(record.outcome, Outcome::failed);
  EXPECT_EQ(record.message, "failed checks: boot: guest = host");
  EXPECT_THAT(failed_checks(record), HasSubstr("NPF (1024): 301 read, more than 300"));
}

TEST_F(RunTrial, AMissedExpectationFailsIt) {
  const record::Record record =
      run({}, "steps: [boot: {}]\nexpect: [{step: boot, reason: NPF, max: 299}]\n");
  EXPECT_EQ(record.outcome, Outcome::failed);
  EXPECT_THAT(failed_checks(record), HasSubstr("at most 299"));
}

TEST_F(RunTrial, ACommandsExitCodeFailsIt) {
  const record::Record record =
      run({.exit_code = 3}, "steps: [boot: {}, run: {name: a, command: 'exit 3'}]\n");
  EXPECT_EQ(record.outcome, Outcome::failed);
  EXPECT_EQ(record.message, "failed checks: a: command");
  EXPECT_EQ(record.steps[1].exit_code, 3);
}

TEST_F(RunTrial, WhatAGuestDoesWrongIsAResult) {
  const std::string steps = "steps: [boot: {}, run: {name: a, command: 'true'}]\n";
  const struct {
    FakeBehaviour behaviour;
    Outcome outcome;
    const char* message;
  } cases[] = {
      {{.instead_of_ready = "nonsense"}, Outcome::failed, "the guest sent garbage"},
      {{.instead_of_ready = R"({"event":"bye"})"}, Outcome::failed, "something else than ready"},
      {{.instead_of_answers = R"({"event":"error","message":"no fork"})"},
       Outcome::failed,
       "the reader in the guest: no fork"},
      {{.instead_of_answers = R"({"event":"bye"})"}, Outcome::failed, "something else"},
      {{.answers = false, .console = "Kernel panic - not syncing: x\n"},
       Outcome::guest_failed,
       "the guest's kernel panicked"},
      {{.dies = true}, Outcome::guest_failed, "the guest ended by itself"},
  };
  for (const auto& one : cases) {
    const record::Record record = run(one.behaviour, steps);
    EXPECT_EQ(record.outcome, one.outcome) << record.message;
    EXPECT_THAT(record.message, HasSubstr(one.message));
    EXPECT_FALSE(record.console_tail.empty()) << one.message;
  }
}

// In `sleep 600 & false` the shell has failed, but its child goes on until the duration is over.
// Only a shell that lab had to kill has no exit code.
TEST_F(RunTrial, AShellThatFailedBeforeItsDurationWasOverHasFailed) {
  const std::string steps = "steps: [boot: {}, run: {name: a, command: b, duration: 1 s}]\n";
  record::Record record = run({.exit_code = 1, .cut = true}, steps);
  EXPECT_EQ(record.outcome, Outcome::failed);
  EXPECT_EQ(record.message, "failed checks: a: command");
  EXPECT_EQ(record.steps[1].exit_code, 1);
  record = run({.signal = 9, .cut = true}, steps);
  EXPECT_EQ(record.outcome, Outcome::passed) << record.message;
  EXPECT_FALSE(record.steps[1].exit_code);
  record = run({.cut = true}, steps);
  EXPECT_EQ(record.outcome, Outcome::passed) << record.message;
  EXPECT_EQ(record.steps[1].exit_code, 0);
}

TEST_F(RunTrial, ACrashInsteadOfAPowerOffIsTheGuests) {
  const record::Record record =
      run({.powers_off = false}, "steps: [boot: {}, shutdown: {name: down}]\n");
  EXPECT_EQ(record.outcome, Outcome::guest_failed);
  EXPECT_THAT(record.message, HasSubstr("otherwise than by powering off"));
}

TEST_F(RunTrial, ATimeLimitIsAResult) {
  FakeHost silent({.answers = false});
  scenario::TrialPlan plan = plan_of("steps: [boot: {}]\n");
  plan.steps[0].timeout = std::chrono::seconds(0);
  record::Record record = run(silent, plan);
  EXPECT_EQ(record.outcome, Outcome::timed_out);
  EXPECT_THAT(record.message, HasSubstr("did not report ready within 0 s"));

  FakeHost host;
  plan = plan_of("steps: [boot: {}, run: {name: a, command: 'true'}]\n");
  plan.timeouts.trial = std::chrono::seconds(0);
  record = run(host, plan);
  EXPECT_EQ(record.outcome, Outcome::timed_out);
}

// A call that hangs ends by a limit of its own.
constexpr std::chrono::milliseconds action_limit{300};

// Its call ends later than the step does (after its pause). Within 5 ms a busy machine did not even
// take the snapshot before.
TEST_F(RunTrial, AnActionThatHangsIsTheMachinerysFailure) {
  FakeHost host({.action = [] {
    std::this_thread::sleep_for(action_limit);
    throw base::infrastructure_error("QEMU did not answer");
  }});
  scenario::TrialPlan plan = plan_of("steps: [boot: {}, host: {name: hold, pause: 150 ms}]\n");
  plan.steps[1].timeout = std::chrono::seconds(0);
  const record::Record record = run(host, plan);
  EXPECT_EQ(record.outcome, Outcome::infrastructure);
  EXPECT_THAT(record.message, HasSubstr("QEMU did not answer"));
}

// The action's thread uses the machine, which is there until the call has ended.
TEST_F(RunTrial, CtrlCWhileAnActionHangsEndsTheTrialWithTheActionsCall) {
  std::stop_source stop;
  base::interrupt_thread_by(stop.get_token());
  base::Stopwatch since_stop;
  int machines = 0;
  FakeHost host({.action = [&] {
    since_stop.restart();
    stop.request_stop();
    std::this_thread::sleep_for(action_limit);
    machines = host.machines();
    throw base::infrastructure_error("QEMU did not answer");
  }});
  const scenario::TrialPlan plan = plan_of("steps: [boot: {}, host: {name: hold, pause: 100 s}]\n");
  EXPECT_THAT([&] { run(host, plan); }, testing::Throws<base::Error>(testing::Property(
                                            &base::Error::kind, base::ErrorKind::interrupted)));
  EXPECT_LT(since_stop.seconds(), 30);  // and not after the pause
  EXPECT_EQ(machines, 1);
  EXPECT_EQ(host.machines(), 0);
  base::interrupt_thread_by({});
}

struct Faulty {
  const char* name;
  const char* steps;
};
void PrintTo(const Faulty& faulty, std::ostream* out) {
  *out << faulty.name;
}

// Makes each call of the interfaces fail in turn: the record names the call, and nothing remains.
class FaultInAnyCall : public RunTrial, public testing::WithParamInterface<Faulty> {
 protected:
  scenario::TrialPlan plan() const {
    return plan_of(std::string("kvm: {causes: 16, parameters: {exit_log_every: 1000}}\n") +
                   GetParam().steps);
  }

  void expect_each_is_said(const std::function<void(FakeHost&, int)>& prepare) {
    int call = 0, ignored = 0;
    for (;;) {
      FakeHost host;
      prepare(host, ++call);
      const record::Record record = run(host, plan());
      if (!host.has_failed()) break;  // the trial makes fewer calls
      if (record.message.find("the fault") != std::string::npos) {
        EXPECT_EQ(record.outcome, Outcome::infrastructure) << call << ": " << record.message;
        continue;
      }
      EXPECT_EQ(record.outcome, Outcome::passed) << call << ": " << record.message;
      ++ignored;
    }
    EXPECT_GT(call, 15);
    EXPECT_LT(ignored, call / 3);  // samples of the timeline, which goes on without one
  }
};

TEST_P(FaultInAnyCall, IsSaidAndLeavesNothing) {
  expect_each_is_said([](FakeHost& host, int call) { host.fail_at(call); });
}

TEST_P(FaultInAnyCall, IsSaidWhereItHungUntilItsLimit) {
  const base::Stopwatch watch;
  expect_each_is_said(
      [](FakeHost& host, int call) { host.hang_at(call, std::chrono::milliseconds(20)); });
  EXPECT_LT(watch.seconds(), 60);
}

// The user stops lab during a call.
TEST_P(FaultInAnyCall, CtrlCDuringItEndsTheTrial) {
  int call = 0, ended = 0;
  for (bool happened = true; happened;) {
    std::stop_source stop;
    base::interrupt_thread_by(stop.get_token());
    FakeHost host;
    host.happen_at(++call, [&] { stop.request_stop(); });
    try {
      EXPECT_EQ(run(host, plan()).outcome, Outcome::passed);
      happened = host.has_failed();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::interrupted) << call << ": " << error.what();
      ++ended;
    }
    EXPECT_EQ(host.machines(), 0);
  }
  base::interrupt_thread_by({});
  EXPECT_GT(call, 15);
  EXPECT_GT(ended, call / 4) << call;  // only checks follow the last wait
}

INSTANTIATE_TEST_SUITE_P(
    Plans, FaultInAnyCall,
    testing::Values(Faulty{"Steps",
                           "steps:\n"
                           "  - boot:\n"
                           "  - run: {name: command, command: 'true'}\n"
                           "  - sleep: {name: rest, duration: 5 ms}\n"
                           "  - host: {name: hold, pause: 5 ms}\n"
                           "  - reboot: {name: again}\n"},
                    Faulty{"TwoGuests", "guest: {count: 2}\nsteps: [boot: {}]\n"},
                    Faulty{"Shutdown", "steps: [boot: {}, shutdown: {name: down}]\n"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lab::trial
