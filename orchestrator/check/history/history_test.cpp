// SPDX-License-Identifier: MIT
#include "orchestrator/check/history/history.hpp"

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

namespace lab::check {
namespace {

record::TrialCounts trial_of_run(int run, int number, std::uint64_t exits) {
  record::TrialCounts counts;
  counts.run = fmt::format("20251121T0{:05}.000Z-00000000", run);
  counts.id = fmt::format("20251121T0{:05}.{:03}Z-00000000", run, number);
  counts.scenario = "boot";
  counts.trial = fmt::format("boot#{}", number);
  counts.outcome = record::Outcome::passed;
  counts.conditions = std::make_shared<record::Conditions>(record::Conditions{{"vendor", "svm"}});
  counts.steps = {{"boot", 1, exits, {{0x7b, exits}}}};
  return counts;
}

TEST(History, APointARun) {
  History history;
  history.add(trial_of_run(1, 1, 100));
  history.add(trial_of_run(1, 2, 130));
  history.add(trial_of_run(1, 3, 110));
  history.add(trial_of_run(2, 1, 200));
  const std::vector<Trend> trends = history.trends(100);
  ASSERT_EQ(trends.size(), 1u);
  EXPECT_EQ(trends[0].of.cell, "boot");
  ASSERT_EQ(trends[0].points.size(), 2u);
  EXPECT_EQ(trends[0].points[0].median, 110);
  EXPECT_EQ(trends[0].points[0].least, 100u);
  EXPECT_EQ(trends[0].points[0].most, 130u);
  EXPECT_EQ(trends[0].points[0].trials, 3u);
  EXPECT_EQ(trends[0].points[1].first_id, trial_of_run(2, 1, 0).id);
}

// A single series of runs on two sites would rise and fall with the sites.
TEST(History, SitesAndVendorsHaveTheirOwnSeries) {
  History history;
  const auto add = [&](int run, const std::string& site, const std::string& vendor) {
    record::TrialCounts trial = trial_of_run(run, 1, run * 100);
    trial.conditions = std::make_shared<record::Conditions>(
        record::Conditions{{"site", site}, {"vendor", vendor}});
    history.add(trial);
  };
  add(1, "svm", "svm");
  add(2, "kvm", "svm");
  add(3, "svm", "svm");
  add(4, "kvm", "vmx");
  const std::vector<Trend> trends = history.trends(100);
  ASSERT_EQ(trends.size(), 3u);
  EXPECT_EQ(trends[0].of, (SeriesKey{"boot", "boot", "kvm", "svm"}));
  EXPECT_EQ(trends[1].of, (SeriesKey{"boot", "boot", "kvm", "vmx"}));
  EXPECT_EQ(trends[2].of, (SeriesKey{"boot", "boot", "svm", "svm"}));
  ASSERT_EQ(trends[2].points.size(), 2u);
  EXPECT_EQ(trends[2].points[1].median, 300);
}

TEST(History, FailedTrialsAreToldAndConfirmationsAreNot) {
  History history;
  history.add(trial_of_run(1, 1, 100));
  record::TrialCounts failed = trial_of_run(1, 2, 999);
  failed.outcome = record::Outcome::failed;
  history.add(failed);
  record::TrialCounts confirmation = trial_of_run(1, 3, 5);
  confirmation.run = std::string(record::confirmation_prefix) + confirmation.run;
  history.add(confirmation);
  EXPECT_EQ(history.trials(), 2u);
  EXPECT_EQ(history.trends(100)[0].points[0].most, 100u);
  ASSERT_EQ(history.failed().size(), 1u);
  EXPECT_EQ(history.failed()[0].trials, 2u);
  EXPECT_EQ(history.failed()[0].passed, 1u);
}

TEST(History, RunsOfTwoLabsAtOnceStayWhole) {
  History history;
  for (int number = 1; number <= 3; ++number) {
    history.add(trial_of_run(1, number, 100));
    history.add(trial_of_run(2, number, 200));
  }
  const Trend trend = history.trends(100)[0];
  ASSERT_EQ(trend.points.size(), 2u);
  EXPECT_EQ(trend.points[0].trials, 3u);
  EXPECT_EQ(trend.points[1].median, 200);
}

TEST(History, ManyRunsAreThinnedAndLoseNoExtreme) {
  History history;
  for (int run = 0; run < 1000; ++run) history.add(trial_of_run(run, 1, run == 500 ? 9999 : 100));
  const Trend trend = history.trends(100)[0];
  EXPECT_EQ(trend.points.size(), 100u);
  EXPECT_EQ(trend.runs_a_point, 10u);
  EXPECT_EQ(trend.points[50].most, 9999u);
  EXPECT_EQ(trend.points[50].median, 100);
  EXPECT_EQ(trend.points[50].trials, 10u);
}

TEST(History, ChangesAreThoseOfTheNewestRuns) {
  History history({.most = 20});
  for (int run = 0; run < 60; ++run)
    history.add(trial_of_run(run, 1, run < 20 ? 5'000 : run < 50 ? 10'000 : 12'000));
  const std::vector<Change> changes = history.changes();
  ASSERT_EQ(changes.size(), 2u);  // the total and its only reason
  EXPECT_EQ(changes[0].run, trial_of_run(50, 1, 0).run);
  EXPECT_EQ(changes[0].before, 10'000);
  EXPECT_EQ(changes[0].after, 12'000);
  History totals({.reasons = false});
  for (int run = 0; run < 20; ++run) totals.add(trial_of_run(run, 1, run < 10 ? 10'000 : 12'000));
  EXPECT_EQ(totals.changes().size(), 1u);
}

}  // namespace
}  // namespace lab::check
