// SPDX-License-Identifier: MIT
#include "orchestrator/check/gate.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/check/baseline.hpp"
#include "orchestrator/check/cells_test.hpp"

namespace lab::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Verdict verdict(std::size_t count, std::uint64_t before, std::uint64_t after,
                const GateOptions& options = {}) {
  return judge(cells(trials(count, before)), cells(trials(count, after)), options);
}

TEST(Cells, GatherTrialsOfOneCellAndItsConditions) {
  auto all = trials(3, 2000);
  all.push_back(trial(1, {{ioio, 5}}, {{"site", "svm"}, {"vendor", "svm"}}));
  all.push_back(trial(9, {{ioio, 5}}));
  all.back().outcome = record::Outcome::timed_out;
  all.push_back(trial(4, {{ioio, 2002}, {0x400, 7}}));
  const Gathered gathered = gather(all);
  ASSERT_EQ(gathered.cells.size(), 2u);
  const StepSamples& boot = gathered.cells[0].steps.at(0);
  EXPECT_THAT(boot.reasons.at(ioio), ElementsAre(2001, 2002, 2000, 2002));
  EXPECT_THAT(boot.reasons.at(hlt), ElementsAre(20'007, 20'014, 20'021, 0));
  EXPECT_THAT(boot.reasons.at(0x400), ElementsAre(0, 0, 0, 7));
  EXPECT_THAT(gathered.left_out, ElementsAre("s#9 (run-0009): timed_out"));
}

TEST(Cells, ATrialWithoutAStepIsLeftOut) {
  auto all = trials(3, 2000);
  all[1].steps.clear();
  const Gathered gathered = gather(all);
  EXPECT_EQ(gathered.cells.at(0).trials.size(), 2u);
  EXPECT_THAT(gathered.left_out, ElementsAre(HasSubstr("other steps")));
}

TEST(Cells, SliceKeepsEveryColumnInStep) {
  const Cell cell = cells(trials(4, 2000)).at(0);
  const std::size_t chosen[] = {3, 0};
  const Cell part = slice(cell, chosen);
  EXPECT_EQ(part.trials[0], cell.trials[3]);
  EXPECT_THAT(part.steps[0].reasons.at(ioio), ElementsAre(2001, 2001));
  EXPECT_EQ(part.steps[0].total.size(), 2u);
}

TEST(Comparison, SaysWhatChangedAndOnlyThat) {
  Comparison comparison = compare(cells(trials(8, 2000)).at(0), cells(trials(8, 2400)).at(0));
  std::vector<Row*> rows;
  for (Row& row : comparison.rows) rows.push_back(&row);
  correct(rows, 0.05);
  std::vector<std::string> differ;
  for (const Row& row : comparison.rows)
    if (row.differs) differ.push_back(row.subject());
  EXPECT_THAT(differ, ElementsAre("total of boot", "io of boot", "IOIO of boot"));
  EXPECT_EQ(comparison.rows[0].a.median, 22'075);
}

TEST(Comparison, ExactWhereTheSiteIs) {
  auto conditions = usual;
  conditions["exact"] = "icount";
  const auto one = trials(3, 2000, conditions);
  auto other = one;
  EXPECT_FALSE(compare(cells(one).at(0), cells(other).at(0)).rows[0].differs);
  other[1].steps[0].exits += 1;
  const Comparison changed = compare(cells(one).at(0), cells(other).at(0));
  EXPECT_TRUE(changed.exact);
  EXPECT_TRUE(changed.rows[0].differs);
  EXPECT_FALSE(changed.rows[0].p.has_value());
  // Two that should be equal and are not.
  auto unsteady = one;
  unsteady.push_back(trial(1, {{ioio, 1}}, conditions));
  const Comparison inexact = compare(cells(one).at(0), cells(unsteady).at(0));
  EXPECT_FALSE(inexact.exact);
  EXPECT_THAT(inexact.note, HasSubstr("no exact comparison"));
}

TEST(Comparison, AcrossVendorsByCategoryOnly) {
  auto conditions = usual;
  conditions["vendor"] = "vmx";
  const auto intel = cells({trial(1, {{30, 100}}, conditions), trial(2, {{30, 100}}, conditions)});
  for (const Row& row : compare(cells(trials(2, 2000)).at(0), intel.at(0)).rows)
    EXPECT_NE(row.kind, Row::Kind::reason) << row.name;
}

TEST(Gate, FindsARegression) {
  const Verdict found = verdict(8, 2000, 2400);
  EXPECT_EQ(found.judgement(), Judgement::regressed);
  ASSERT_EQ(found.cells.at(0).regressions.size(), 2u);
  const Finding& reason = found.cells[0].regressions.back();
  EXPECT_EQ(reason.row.subject(), "IOIO of boot");
  EXPECT_NEAR(*reason.row.share(), 0.2, 0.001);
  EXPECT_THAT(reason.cause, HasSubstr("console"));
}

TEST(Gate, TellsAnImprovementAndPasses) {
  const Verdict found = verdict(8, 2400, 2000);
  EXPECT_EQ(found.judgement(), Judgement::passed);
  EXPECT_EQ(found.cells.at(0).improvements.size(), 2u);
}

TEST(Gate, PassesWhereNothingChanged) {
  const Verdict found = verdict(8, 2000, 2000);
  EXPECT_EQ(found.judgement(), Judgement::passed);
  EXPECT_THAT(found.cells.at(0).regressions, IsEmpty());
}

TEST(Gate, SmallChangesDoNotMatter) {
  // 4 % of IOIO, 0.4 % of the total; then 6 % of IOIO.
  EXPECT_EQ(verdict(8, 2000, 2080).judgement(), Judgement::passed);
  EXPECT_EQ(verdict(8, 2000, 2120).judgement(), Judgement::regressed);
}

TEST(Gate, ScenariosHaveFloorsOfTheirOwn) {
  GateOptions options;
  const auto with = [&](scenario::Floor floor) {
    options.floors = {{"s", Floors{.own = {std::move(floor)}}}};
    return verdict(8, 2000, 2120, options).judgement();
  };
  EXPECT_EQ(with({.reason = "IOIO", .share = 0.2}), Judgement::passed);
  EXPECT_EQ(with({.category = exits::Category::io}), Judgement::passed);  // ignored
  EXPECT_EQ(with({.category = exits::Category::io, .share = 0.01}), Judgement::regressed);
}

TEST(Gate, NothingToJudgeIsNoPass) {
  GateOptions options;
  options.floors = {
      {"s", Floors{.own = {{.reason = "total"}, {.reason = "HLT"}, {.reason = "IOIO"}}}}};
  EXPECT_EQ(verdict(8, 2000, 2000, options).judgement(), Judgement::cannot_tell);
}

TEST(Gate, TooFewTrialsAreNoPass) {
  for (const std::uint64_t after : {2000u, 4000u}) {
    const Verdict found = verdict(3, 2000, after);
    EXPECT_EQ(found.judgement(), Judgement::cannot_tell);
    EXPECT_THAT(found.cells.at(0).cannot_tell.at(0), HasSubstr("too few trials"));
  }
}

TEST(Gate, OtherConditionsAreNoPass) {
  auto conditions = usual;
  conditions["console"] = "verbose";
  const auto before = cells(trials(8, 2000)), after = cells(trials(8, 2000, conditions));
  const Verdict refused = judge(before, after, {});
  EXPECT_EQ(refused.judgement(), Judgement::cannot_tell);
  EXPECT_THAT(refused.cells.at(0).cannot_tell.at(0), HasSubstr("console: 'verbose', not 'quiet'"));
  EXPECT_EQ(judge(before, after, {.across = {"console"}}).judgement(), Judgement::passed);
}

TEST(Gate, MissingCellsAndStepsAreNoPass) {
  EXPECT_EQ(judge({}, {}, {}).judgement(), Judgement::cannot_tell);
  EXPECT_EQ(judge(cells(trials(8, 2000)), {}, {}).judgement(), Judgement::cannot_tell);
  EXPECT_EQ(judge({}, cells(trials(8, 2000)), {}).judgement(), Judgement::cannot_tell);
  auto two_steps = trials(8, 2000);
  for (auto& one : two_steps) one.steps.push_back({"idle", 1, 10, {{hlt, 10}}});
  EXPECT_EQ(judge(cells(two_steps), cells(trials(8, 2000)), {}).judgement(),
            Judgement::cannot_tell);
}

TEST(Gate, ConfirmsWhatIsThereAgain) {
  const auto before = cells(trials(8, 2000)), after = cells(trials(8, 2400));
  const auto suspected = judge(before, after, {}).cells.at(0).regressions;
  EXPECT_EQ(confirm(suspected, before.at(0), after.at(0), {}).confirmed.size(), 2u);
  EXPECT_EQ(confirm(suspected, before.at(0), before.at(0), {}).refuted.size(), 2u);
  const auto more = cells(trials(2, 2400));
  const Confirmation undecided = confirm(suspected, cells(trials(2, 2000)).at(0), more.at(0), {});
  EXPECT_TRUE(undecided.confirmed.empty());
  EXPECT_THAT(undecided.cannot_tell, testing::SizeIs(2));
  Cell other = after.at(0);
  other.steps[0].step = "reboot";
  EXPECT_THAT(confirm(suspected, before.at(0), other, {}).cannot_tell, testing::SizeIs(2));
}

TEST(Gate, PlansTrialsThatCanShowSomething) {
  for (const std::size_t count : {5u, 8u, 40u, 100u}) {
    const auto baseline = cells(trials(count, 2000));
    const auto needed = trials_for(baseline, {});
    ASSERT_TRUE(needed.has_value());
    EXPECT_EQ(judge(baseline, cells(trials(*needed, 20'000)), {}).judgement(), Judgement::regressed)
        << count << " + " << *needed;
  }
  EXPECT_EQ(trials_for(cells(trials(1, 2000)), {}), std::nullopt);
}

TEST(Gate, ExactDifferencesOfOneTrialCount) {
  auto conditions = usual;
  conditions["exact"] = "icount";
  const auto before = trials(3, 2000, conditions);
  auto after = before;
  after[2].steps[0].exits += 5000;
  after[2].steps[0].reasons[1].second += 5000;
  EXPECT_EQ(judge(cells(before), cells(after), {}).judgement(), Judgement::regressed);
}

TEST(Gate, SaysWhereInTheBootItIs) {
  auto before = trials(8, 2000), after = trials(8, 2400);
  for (auto& one : before)
    one.phases = {{"start → kernel", {{ioio, 900}}}, {"kernel → init", {{ioio, 1100}}}};
  for (auto& one : after)
    one.phases = {{"start → kernel", {{ioio, 900}}}, {"kernel → init", {{ioio, 1500}}}};
  EXPECT_EQ(judge(cells(before), cells(after), {}).cells.at(0).regressions.back().where,
            "100 % of it in kernel → init");
}

TEST(Baseline, ObjectsToOneRunAndToAnOddOne) {
  auto all = trials(5, 2000, usual, "a");
  EXPECT_THAT(objections(cells(all).at(0), {}), ElementsAre(HasSubstr("one odd run")));
  for (const auto& more : trials(5, 2000, usual, "b")) all.push_back(more);
  EXPECT_THAT(objections(cells(all).at(0), {}), IsEmpty());
  for (const auto& odd : trials(1, 9000, usual, "c")) all.push_back(odd);
  EXPECT_THAT(objections(cells(all).at(0), {}), ElementsAre(HasSubstr("run c is odd")));
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

// Those are in people's repositories. This one was accepted by the lab of 2026-11-27.
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
}

}  // namespace
}  // namespace lab::check
