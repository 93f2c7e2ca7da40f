// SPDX-License-Identifier: MIT
// Tests baselines and checks of stored runs: which trials are accepted, and a check's exit code.
#include <nlohmann/json.hpp>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/cli/lab_fixture.hpp"
#include "orchestrator/cli/trials/confirm.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::cli {
namespace {

// Makes runs of one cell from generated records, in a store of their own.
class Baselines : public Lab {
 protected:
  // Stores three runs of one cell, whose boots have `usual` exits, in the third run `third`.
  void store_runs(std::uint64_t usual, std::uint64_t third,
                  const std::string& third_memory = "768 MiB") const {
    store::Store store(file);
    store::GeneratedRecords generated(60, 5);
    for (int run = 0; run < 3; ++run) {
      std::string first;
      for (int i = 0; i < 8; ++i) {
        record::Record record = generated.next();
        if (first.empty()) first = record.id;
        record.run = first;
        record.scenario = "good";
        record.trial = "good#" + std::to_string(i + 1);
        record.repeat = i + 1;
        record.conditions["paging"] = "nested";
        record.conditions["vcpus"] = "1";
        record.conditions["module_parameters"] = "npt=1";
        record.conditions["memory"] = run == 2 ? third_memory : "768 MiB";
        record.steps.resize(1);
        record.steps[0].reasons.resize(1);
        const std::uint64_t exits = (run == 2 ? third : usual) + std::uint64_t(i);
        record.steps[0].exits = record.steps[0].reasons[0].exits = exits;
        record.steps[0].reader_exits = 0;
        record.timeline = {};
        record.plan = run == 1 && !second_plan.empty() ? second_plan : plan;
        store.insert(record);
      }
    }
  }

  // Adds one more trial with this outcome to the newest run.
  void add_to_last_run(record::Outcome outcome) const {
    store::Store store(file);
    record::Record record = store.list({.scenario = "good", .limit = 1}).at(0);
    record.id.back() = record.id.back() == '0' ? '1' : '0';
    record.outcome = outcome;
    store.insert(record);
  }

  Words accept() const {
    return {"baseline", "accept",   yaml,   "latest~1", "latest~2", "--reason",
            "a test",   "--anyway", "--by", "me",       "--store",  file};
  }
  Words check(const std::string& run = "latest") const {
    return {"check", yaml, "--stored", run, "--no-confirm", "--store", file};
  }

  const std::string file = folder() + "/runs.sqlite", yaml = scenario();
  std::string plan, second_plan;  // of all runs; of the second run, where it differs
};

TEST_F(Baselines, CheckPassesWhatIsAsUsual) {
  store_runs(10'000, 10'000);
  expect(base::exit_usage, check(), HasSubstr("baseline"));  // none yet
  expect(base::exit_usage, {"baseline", "show", yaml}, HasSubstr("good.baseline.json"));
  expect(base::exit_ok, accept());
  expect(base::exit_ok, {"baseline", "show", yaml}, IsEmpty());
  expect(base::exit_ok, check());
  expect(base::exit_usage, check("latest~9"), HasSubstr("latest~9"));
}

TEST_F(Baselines, CheckFailsWhatBecameMore) {
  store_runs(10'000, 20'000);
  expect(base::exit_ok, accept());
  const Finished finished = lab(check());
  EXPECT_EQ(finished.code, base::exit_regression) << finished.output << finished.errors;
  EXPECT_THAT(finished.output, HasSubstr("regressed"));
}

TEST_F(Baselines, CheckCannotJudgeUnderOtherConditions) {
  store_runs(10'000, 10'000, "1024 MiB");
  expect(base::exit_ok, accept());
  const Finished finished = lab(check());
  EXPECT_EQ(finished.code, base::exit_no_data) << finished.output << finished.errors;
  EXPECT_THAT(finished.output, HasSubstr("1024 MiB"));
}

TEST_F(Baselines, CheckEndsAsGitBisectRunTakesIt) {
  const auto with_bisect = [this] {
    Words words = check();
    words.push_back("--bisect");
    return lab(words).code;
  };
  const auto store_others = [this](const std::string& memory) {
    for (const char* ending : {"", "-shm", "-wal"}) fs::remove(file + ending);
    store_runs(10'000, 10'000, memory);
  };
  constexpr int good = 0, bad = 1, cannot_be_tested = 125, git_gives_up = 128;
  store_runs(10'000, 20'000);
  EXPECT_EQ(with_bisect(), git_gives_up) << "there is no baseline, whatever the commit";
  EXPECT_EQ(lab({"check", yaml, "--bisect", "--acros", "image"}).code, git_gives_up);
  expect(base::exit_ok, accept());
  EXPECT_EQ(with_bisect(), bad);
  store_others("768 MiB");
  EXPECT_EQ(with_bisect(), good);
  store_others("1024 MiB");
  EXPECT_EQ(with_bisect(), cannot_be_tested) << "the conditions are others";
}

TEST_F(Baselines, ResetForgetsWhatWasAccepted) {
  store_runs(10'000, 10'000);
  expect(base::exit_ok, accept());
  expect(base::exit_usage, {"baseline", "reset", yaml, "--cell", "no such"}, HasSubstr("no such"));
  expect(base::exit_ok, {"baseline", "reset", yaml});
  EXPECT_FALSE(fs::exists(folder() + "/good.baseline.json"));
  expect(base::exit_usage, {"baseline", "reset", yaml}, HasSubstr("good.baseline.json"));
}

// A baseline keeps the plan by which its trials ran, whatever the scenario says by now.
TEST_F(Baselines, KeepThePlanOfTheAcceptedRuns) {
  const scenario::TrialPlan then = scenario::expand(scenario::load(yaml)).at(0);
  plan = scenario::to_object(then).dump();
  store_runs(10'000, 10'000);
  write("good.yaml",
        "version: 1\nname: good\nimage: tiny\nsteps: [boot: , run: {name: w, command: work}]\n");
  expect(base::exit_ok, accept());
  const auto kept = check::read_baseline(folder() + "/good.baseline.json").entries.at(0).plan;
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->steps, then.steps);
  EXPECT_FALSE(is_same_work(*kept, scenario::expand(scenario::load(yaml)).at(0)));
}

TEST_F(Baselines, OfAnOlderLabHaveNoPlanRatherThanAWrongOne) {
  store_runs(10'000, 10'000);
  expect(base::exit_ok, accept(), HasSubstr("no check can run them again"));
  EXPECT_FALSE(check::read_baseline(folder() + "/good.baseline.json").entries.at(0).plan);
}

TEST_F(Baselines, RunsOfOtherWorkAreNotAcceptedTogether) {
  plan = scenario::to_object(scenario::expand(scenario::load(yaml)).at(0)).dump();
  second_plan =
      scenario::to_object(scenario::expand(scenario::load(yaml, {"guest.memory=512 MiB"})).at(0))
          .dump();
  store_runs(10'000, 10'000);
  expect(base::exit_usage, accept(), HasSubstr("did other work"));
}

TEST_F(Baselines, ARegressionOutweighsAFailureOfTheMachinery) {
  store_runs(10'000, 20'000);
  expect(base::exit_ok, accept());
  add_to_last_run(record::Outcome::infrastructure);
  const Finished finished = lab(check());
  EXPECT_EQ(finished.code, base::exit_regression) << finished.output << finished.errors;
}

TEST_F(Baselines, AFailureOfTheMachineryIsNoPass) {
  store_runs(10'000, 10'000);
  expect(base::exit_ok, accept());
  add_to_last_run(record::Outcome::infrastructure);
  expect(base::exit_infrastructure, check(), testing::_);
}

TEST_F(Baselines, CheckSaysWhatItWouldHaveFound) {
  store_runs(10'000, 10'000);
  expect(base::exit_ok, accept());
  EXPECT_THAT(lab(check()).output, HasSubstr("it would have found +1.0 % of total of"));
  Words words = check();
  words.insert(words.end(), {"--format", "json"});
  const auto json = nlohmann::json::parse(lab(words).output);
  const auto& resolution = json.at("cells").at(0).at("resolution");
  ASSERT_FALSE(resolution.empty());
  EXPECT_GT(resolution.at(0).at("would_find").get<double>(), 0);
  EXPECT_GT(resolution.at(0).at("floor").get<double>(), 0);
  EXPECT_TRUE(resolution.at(0).contains("could_miss"));
}

// The nights are drawn from the store's three runs.
TEST_F(Baselines, TheGateIsTriedOnStoredTrials) {
  store_runs(10'000, 10'000);
  Words words = {"bench", "gate",       "--scenario", "good",      "--base", "good",    "--times",
                 "5",     "--baseline", "8",          "--changes", "0",      "--store", file};
  const Finished finished = lab(words);
  EXPECT_EQ(finished.code, base::exit_ok) << finished.output << finished.errors;
  EXPECT_THAT(finished.output,
              AllOf(HasSubstr("✓ nothing changed, though a condition differs: suspicion 0.0 %, "
                              "alarm 0.0 %"),
                    HasSubstr("+50 %"), HasSubstr("✓ 100 / 0 / 0")));
  words.insert(words.end(), {"--format", "json"});
  const auto json = nlohmann::json::parse(lab(words).output);
  const auto& nights = json.at("nights");
  ASSERT_EQ(nights.size(), 5u);
  EXPECT_EQ(nights.at(0).at("passed"), 5);
  EXPECT_EQ(nights.at(4).at("share"), 0.5);
  EXPECT_EQ(nights.at(4).at("alarms"), 5);
}

TEST_F(Baselines, TheGateIsNotTriedOnTooFewRuns) {
  store_runs(10'000, 10'000, "1024 MiB");  // the third run is another cell
  const Finished finished = lab({"bench", "gate", "--scenario", "good", "--base", "good", "--times",
                                 "5", "--changes", "0", "--store", file});
  EXPECT_EQ(finished.code, base::exit_regression) << finished.errors;
  EXPECT_THAT(finished.output, HasSubstr("three runs"));
}

TEST(Plans, OfTheSameWork) {
  const auto plan = [](const std::string& settings) {
    return scenario::expand(
               scenario::parse("version: 1\nname: s\nimage: tiny\nsteps: [{boot: }]\n" + settings,
                               "s.yaml"))
        .at(0);
  };
  scenario::TrialPlan one = plan(""), other = plan("timeouts: {trial: 20 min}\nrepeat: 3\n");
  EXPECT_TRUE(is_same_work(one, other));
  other.settings.memory *= 2;
  EXPECT_FALSE(is_same_work(one, other));
  other = one;
  other.steps.push_back(one.steps.at(0));
  other.steps.back().command = "work";
  EXPECT_FALSE(is_same_work(one, other));
}

TEST(Plans, PowerNeedsNoStore) {
  const Finished finished = lab({"bench", "power", "--times", "1", "--baseline", "8"});
  EXPECT_EQ(finished.code, base::exit_ok) << finished.errors;
  EXPECT_THAT(finished.output, AllOf(HasSubstr("+50 %"), HasSubstr("25 %")));
}

}  // namespace
}  // namespace lab::cli
