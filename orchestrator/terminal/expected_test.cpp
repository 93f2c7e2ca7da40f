// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/expected.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::terminal {
namespace {

class ExpectedTime : public testing::Test {
 protected:
  static std::vector<scenario::TrialPlan> plans(const std::string& image,
                                                const std::string& command = "true") {
    return scenario::expand(scenario::parse("version: 1\nname: a\nimage: " + image +
                                                "\nsteps: [boot: {}, run: {name: b, command: '" +
                                                command + "'}]\n",
                                            "a.yaml"));
  }

  // Returns these trials on site svm, by this emulator and host.
  static std::vector<TrialBefore> before(const std::vector<scenario::TrialPlan>& plans) {
    std::vector<TrialBefore> trials;
    for (const scenario::TrialPlan& plan : plans)
      trials.push_back({plan, "svm", false, {{"emulator", "QEMU 10"}, {"host", "2 x Fast"}}});
    return trials;
  }

  void ran(const TrialBefore& trial, double seconds) {
    record::Record record;
    record.start_time = std::chrono::system_clock::time_point(std::chrono::seconds(1 + ++number_));
    record.id = record::make_id(record.start_time, number_);
    record.run = record.id;
    record.scenario = trial.plan.scenario;
    record.trial = trial.plan.name;
    record.site = trial.site;
    record.conditions = trial.conditions;
    if (trial.exact) record.conditions["exact"] = "clock by instructions";
    record.outcome = record::Outcome::passed;
    record.plan = scenario::to_object(trial.plan).dump();
    record.timings = {{{record::Phase::Kind::trial}, seconds}};
    store_.insert(record);
  }
  void ran(const scenario::TrialPlan& plan, double seconds) { ran(before({plan})[0], seconds); }

  std::optional<double> expected(const TrialBefore& trial) const {
    return Expected(store_, {trial}).all({trial.plan});
  }
  std::optional<double> expected(const std::vector<scenario::TrialPlan>& plans) const {
    return Expected(store_, before(plans)).all(plans);
  }

  base::TemporaryFolder folder_{testing::TempDir(), "lab"};
  store::Store store_{(folder_.path() / "store.sqlite").string()};
  std::uint32_t number_ = 0;
};

TEST_F(ExpectedTime, ComesFromTrialsOfTheSameSettingsAndSteps) {
  ran(plans("tiny")[0], 8);
  ran(plans("debian-12")[0], 75);
  EXPECT_EQ(expected(plans("tiny")), 8);
  EXPECT_EQ(expected(plans("debian-12")), 75);
  EXPECT_FALSE(expected(plans("debian-13")));
  EXPECT_FALSE(expected(plans("tiny", "sleep 60")));
}

TEST_F(ExpectedTime, IsThatOfTheNewest) {
  ran(plans("tiny")[0], 8);
  ran(plans("tiny")[0], 9);
  EXPECT_EQ(expected(plans("tiny")), 9);
}

// Of equal plans: an emulated site may take ten times as long as another, and so may another
// machine, or an outer VM whose clock is its instructions.
TEST_F(ExpectedTime, ComesFromTrialsOfEqualConditions) {
  const TrialBefore trial = before(plans("tiny"))[0];
  TrialBefore on_vmx = trial, by_another = trial, elsewhere = trial, exact = trial, below = trial;
  on_vmx.site = "vmx";
  by_another.conditions["emulator"] = "QEMU 7.2";
  elsewhere.conditions["host"] = "64 x Slow";
  exact.exact = true;
  below.conditions["host_kernel"] = "6.1";
  double seconds = 10;
  for (const TrialBefore& other : {on_vmx, by_another, elsewhere, exact, below}) {
    ran(other, ++seconds);
    EXPECT_FALSE(expected(trial)) << seconds;
    EXPECT_EQ(expected(other), seconds);
  }
  ran(trial, 8);
  ran(on_vmx, 100);
  EXPECT_EQ(expected(trial), 8);
  EXPECT_EQ(expected(on_vmx), 100);
}

TEST_F(ExpectedTime, ComesFromThisSitesTrialsHoweverManyRanElsewhere) {
  const TrialBefore trial = before(plans("tiny"))[0];
  TrialBefore on_vmx = trial;
  on_vmx.site = "vmx";
  ran(trial, 8);
  for (int i = 0; i < 30; ++i) ran(on_vmx, 100);
  EXPECT_EQ(expected(trial), 8);
}

}  // namespace
}  // namespace lab::terminal
