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

  void ran(const scenario::TrialPlan& plan, double seconds) {
    record::Record record;
    record.start_time = std::chrono::system_clock::time_point(std::chrono::seconds(1 + ++number_));
    record.id = record::make_id(record.start_time, number_);
    record.run = record.id;
    record.scenario = plan.scenario;
    record.trial = plan.name;
    record.site = "svm";
    record.outcome = record::Outcome::passed;
    record.plan = scenario::to_object(plan).dump();
    record.timings = {{{record::Phase::Kind::trial}, seconds}};
    store_.insert(record);
  }

  std::optional<double> expected(const std::vector<scenario::TrialPlan>& plans) const {
    return Expected(store_, plans, "svm").all(plans);
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

}  // namespace
}  // namespace lab::terminal
