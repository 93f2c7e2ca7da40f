// SPDX-License-Identifier: MIT
#include "orchestrator/check/baseline.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/check/cells_test.hpp"

namespace lab::check {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Baseline, ObjectsToOneRunAndToAnOddOne) {
  auto all = trials(5, 2000, usual, "a");
  EXPECT_THAT(objections(cells(all).at(0), {}), ElementsAre(HasSubstr("one odd run")));
  for (const auto& more : trials(5, 2000, usual, "b")) all.push_back(more);
  EXPECT_THAT(objections(cells(all).at(0), {}), IsEmpty());
  for (const auto& odd : trials(1, 9000, usual, "c")) all.push_back(odd);
  EXPECT_THAT(objections(cells(all).at(0), {}), ElementsAre(HasSubstr("run c is odd")));
}

// A run that is the same each time is not odd.
TEST(Baseline, TakesOneExactTrial) {
  record::Conditions exact = usual;
  exact["exact"] = "clock by instructions";
  const auto all = trials(1, 2000, exact, "a");
  EXPECT_THAT(objections(cells(all).at(0), {}), IsEmpty());
}

// Returns runs of four trials each that vary by 5 % and do not differ otherwise.
Cell honest_runs(std::size_t runs, std::mt19937_64& random) {
  std::normal_distribution<double> noise(1, 0.05);
  std::vector<record::TrialCounts> all;
  for (std::size_t run = 0; run < runs; ++run)
    for (std::size_t i = 1; i <= 4; ++i) {
      const double level = noise(random);
      all.push_back(
          trial(i, {{hlt, std::uint64_t(20'000 * level)}, {ioio, std::uint64_t(9000 * level)}},
                usual, "run-" + std::to_string(run)));
    }
  return cells(all).at(0);
}

TEST(Baseline, HonestRunsAreRarelyOdd) {
  std::mt19937_64 random(1);
  for (const std::size_t runs : {2u, 3u}) {
    int refused = 0;
    for (int i = 0; i < 100; ++i) refused += !objections(honest_runs(runs, random), {}).empty();
    EXPECT_LE(refused, 4) << runs;  // 1 % is promised
  }
}

// With three runs that differ from each other, none of them is odd; one far from all is.
TEST(Baseline, RunsThatDifferAmongThemselvesAreNotOdd) {
  const auto with_levels = [](std::initializer_list<double> levels) {
    std::vector<record::TrialCounts> all;
    for (const double level : levels)
      for (std::size_t i = 1; i <= 4; ++i)
        all.push_back(trial(i, {{hlt, std::uint64_t(20'000 * level) + i}}, usual,
                            "run-" + std::to_string(level)));
    return objections(cells(all).at(0), {});
  };
  EXPECT_THAT(with_levels({1, 1.03, 0.98, 1.02}), IsEmpty());
  EXPECT_THAT(with_levels({1, 1.03, 0.98, 3}), ElementsAre(HasSubstr("run-3.000000 is odd")));
  EXPECT_EQ(with_levels({1, 1.5}).size(), 2u);  // which of the two is odd is unknown
}

Baseline sample() {
  Baseline baseline{.scenario = "s"};
  auto conditions = usual;
  conditions["vcpus"] = "1";
  auto all = trials(3, UINT64_MAX / 2, conditions);
  for (auto& one : all) one.phases = {{"start → kernel", {{ioio, 9}}}};
  accept(
      baseline,
      {.by = "A <a@b>", .time = "2026-11-22", .reason = "first \"one\"", .cell = cells(all).at(0)});
  return baseline;
}

TEST(Baseline, SurvivesItsJson) {
  const std::string json = to_json(sample());
  EXPECT_EQ(baseline_from_json(json, "f"), sample());
  EXPECT_THAT(json, HasSubstr("\"HLT\": [20007,20014,20021],\n"));
}

TEST(Baseline, SurvivesItsJsonWithItsPlan) {
  Baseline baseline = sample();
  baseline.entries[0].plan =
      scenario::expand(
          scenario::parse("version: 1\nname: s\nimage: tiny\nsteps: [{boot: }]\n", "s.yaml"))
          .at(0);
  EXPECT_EQ(baseline_from_json(to_json(baseline), "f"), baseline);
}

// People keep such files in their repositories. The lab of 2026-11-27 accepted this one.
TEST(Baseline, AFileOfAnOlderLabIsRead) {
  const std::string frozen = LAB_SOURCE_DIR "/orchestrator/check/frozen/baseline-1";
  const Baseline baseline = read_baseline(frozen + ".json");
  ASSERT_EQ(baseline.entries.size(), 1u);
  const Cell& cell = baseline.entries[0].cell;
  EXPECT_EQ(cell.name, "boot-count[paging=nested]");
  EXPECT_EQ(cell.steps.at(0).total, (Counts{9977, 10165}));
  EXPECT_EQ(baseline.entries[0].plan, scenario::expand(scenario::load(frozen + ".yaml")).at(0));
}

TEST(Baseline, AcceptingAgainReplacesTheSameCellAndSite) {
  Baseline baseline = sample();
  accept(baseline, sample().entries[0]);
  EXPECT_EQ(baseline.entries.size(), 1u);
  Entry other = sample().entries[0];
  other.cell.conditions["site"] = "vmx";
  accept(baseline, other);
  EXPECT_EQ(baseline.entries.size(), 2u);
}

TEST(Baseline, NonsenseIsRefusedWithItsPlace) {
  const std::string good = to_json(sample());
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string json = good;
    const std::size_t at = json.find(from);
    if (at == std::string::npos) return "no " + from;
    json.replace(at, from.size(), to);
    try {
      baseline_from_json(json, "x.json");
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      EXPECT_THAT(error.what(), HasSubstr("baseline 'x.json'"));
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refused("20007", "NaN"), HasSubstr("no JSON (line "));
  EXPECT_THAT(refused("20007", "-1"), HasSubstr("HLT"));
  EXPECT_THAT(refused("20007", "1e3"), HasSubstr("HLT"));
  EXPECT_THAT(refused("20007", "18446744073709551616"), HasSubstr("HLT"));
  EXPECT_THAT(refused("20007", "18446744073709551615"), HasSubstr("do not add up"));
  EXPECT_THAT(refused("20007,", ""), HasSubstr("'HLT' is not a list of 3 counts"));
  EXPECT_THAT(refused("\"HLT\"", "\"HALT\""), HasSubstr("no exit reason 'HALT'"));
  EXPECT_THAT(refused("\"lab_baseline\": 1", "\"lab_baseline\": 2"), HasSubstr("newer lab"));
  EXPECT_THAT(refused("\"vendor\": \"svm\"", "\"vendor\": \"arm\""), HasSubstr("vendor"));
  EXPECT_THAT(refused("\"cells\"", "\"sells\""), HasSubstr("cells"));
  EXPECT_THAT(refused(good, ""), HasSubstr("no JSON (line 1)"));
  EXPECT_THAT(refused("\"guest\": 1", "\"guest\": 0"), HasSubstr("'guest'"));
  EXPECT_THAT(refused("\"cells\"", "\"x\": " + std::string(100'000, '[') + ", \"cells\""),
              HasSubstr("levels within each other"));
}

// Returns the refusal of what `change` makes of a baseline's JSON; "" where it is accepted.
std::string refusal_of(const std::function<void(nlohmann::json&)>& change) {
  Baseline baseline = sample();
  baseline.entries[0].plan =
      scenario::expand(
          scenario::parse("version: 1\nname: s\nimage: tiny\nsteps: [{boot: }]\n", "s.yaml"))
          .at(0);
  auto json = nlohmann::json::parse(to_json(baseline));
  change(json);
  try {
    baseline_from_json(json.dump(), "x.json");
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(Baseline, MoreThanABaselineHasIsRefused) {
  EXPECT_EQ(refusal_of([](nlohmann::json&) {}), "");
  // The length is checked before any element is read.
  const auto with = [](const char* list, std::size_t count) {
    return refusal_of([&](nlohmann::json& json) {
      nlohmann::json& parent = json.contains(list) ? json : json["cells"][0];
      parent[list] = std::vector<nlohmann::json>(count, nlohmann::json::object());
    });
  };
  for (const auto& [list, most] : {std::pair("cells", 10'000u), std::pair("trials", 10'000u),
                                   std::pair("steps", 65'536u), std::pair("phases", 1024u)}) {
    const std::string refusal = fmt::format("'{}' has more than {} entries", list, most);
    EXPECT_THAT(with(list, most + 1), HasSubstr(refusal));
    EXPECT_THAT(with(list, most), Not(HasSubstr("more than")));
  }
  EXPECT_THAT(refusal_of([](nlohmann::json& json) {
                json["cells"][0]["reason"] = std::string(5u << 20, 'x');
              }),
              HasSubstr("x.json"));
}

// A baseline is another person's file, and lab check runs its plans again.
TEST(Baseline, ItsPlanIsReadAsStrictlyAsAScenario) {
  EXPECT_THAT(refusal_of([](nlohmann::json& json) {
                json["cells"][0]["plan"]["settings"]["guest.vcpus"] = 65;
              }),
              AllOf(HasSubstr("x.json"), HasSubstr("guest.vcpus")));
}

}  // namespace
}  // namespace lab::check
