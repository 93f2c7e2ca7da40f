// SPDX-License-Identifier: MIT
#include "orchestrator/check/history/change_points.hpp"

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <random>

namespace lab::check {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<double> levels(const std::vector<std::pair<std::size_t, double>>& parts,
                           double deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, deviation);
  std::vector<double> values;
  for (const auto& [length, level] : parts)
    for (std::size_t i = 0; i < length; ++i) values.push_back(level + noise(random));
  return values;
}

TEST(ChangePoints, AreWhereTheLevelChanges) {
  EXPECT_THAT(change_points(levels({{20, 1000}, {20, 1100}, {15, 1000}}, 10, 1)),
              ElementsAre(20, 40));
}

TEST(ChangePoints, AreFoundNearTheEnd) {
  EXPECT_THAT(change_points(levels({{30, 1000}, {4, 1100}}, 10, 2)), ElementsAre(30));
}

TEST(ChangePoints, NoiseHasFew) {
  int found = 0;
  for (unsigned seed = 0; seed < 100; ++seed)
    found += !change_points(levels({{40, 1000}}, 10, seed)).empty();
  EXPECT_LE(found, 4);  // alpha is 1 %
}

TEST(ChangePoints, NeedValues) {
  EXPECT_THAT(change_points({}), IsEmpty());
  EXPECT_THAT(change_points(std::vector<double>(5, 1.0)), IsEmpty());
  EXPECT_THAT(change_points(std::vector<double>(50, 1.0)), IsEmpty());
}

record::TrialCounts trial_with(int number, std::uint64_t ioio, const std::string& kernel) {
  record::TrialCounts counts;
  counts.id = fmt::format("202611{:02}T000000.000Z-00000001", number + 1);
  counts.run = counts.id;
  counts.scenario = "s";
  counts.trial = "s#1";
  counts.outcome = record::Outcome::passed;
  counts.conditions = std::make_shared<const record::Conditions>(
      record::Conditions{{"vendor", "svm"}, {"outer_kernel", kernel}});
  counts.steps = {{"boot", 1, ioio + 9000, {{0x78, 9000}, {0x7b, ioio}}}};
  return counts;
}

TEST(ChangePoints, OfAHistorySayWhichRunAndWhatElseChanged) {
  std::vector<record::TrialCounts> trials;
  for (int i = 0; i < 12; ++i) trials.push_back(trial_with(i, 2000 + std::uint64_t(i % 3), "6.1"));
  for (int i = 12; i < 18; ++i)
    trials.push_back(trial_with(i, 3000 + std::uint64_t(i % 3), "6.12"));
  const std::vector<Change> changes = changes_in(trials);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].subject, "total of boot");
  EXPECT_EQ(changes[1].subject, "IOIO of boot");
  EXPECT_EQ(changes[1].run, trials[12].id);
  EXPECT_EQ(changes[1].before, 2001);
  EXPECT_EQ(changes[1].after, 3001);
  EXPECT_THAT(changes[1].conditions, ElementsAre(Difference{"outer_kernel", "6.1", "6.12"}));
}

record::TrialCounts on_site(record::TrialCounts trial, const std::string& site,
                            const std::string& vendor) {
  record::Conditions conditions = *trial.conditions;
  conditions["site"] = site;
  conditions["vendor"] = vendor;
  trial.conditions = std::make_shared<const record::Conditions>(conditions);
  return trial;
}

// Some nights run on one site, then some on the other: no history changed.
TEST(ChangePoints, SitesAndVendorsHaveHistoriesOfTheirOwn) {
  std::vector<record::TrialCounts> trials;
  for (int i = 0; i < 24; ++i) {
    const std::string site = i < 12 ? "svm" : "vmx";
    trials.push_back(on_site(trial_with(i, i < 12 ? 2000 : 9000, "6.1"), site, site));
  }
  EXPECT_THAT(changes_in(trials), IsEmpty());
  for (auto& trial : trials) trial = on_site(trial, "svm", "svm");
  EXPECT_FALSE(changes_in(trials).empty());
}

// Two labs run at once, their trials in turn: two runs before and two after show no change yet,
// however many trials they have.
TEST(ChangePoints, RunsThatLieInBetweenEachOtherStayWhole) {
  std::vector<record::TrialCounts> trials;
  for (int i = 0; i < 24; ++i) {
    trials.push_back(trial_with(i, i < 12 ? 2000 : 9000, "6.1"));
    trials.back().run = fmt::format("run-{}-{}", i / 12, i % 2);
  }
  EXPECT_THAT(changes_in(trials), IsEmpty());
  for (auto& trial : trials) trial.run = trial.id;
  EXPECT_FALSE(changes_in(trials).empty());
}

}  // namespace
}  // namespace lab::check
