// SPDX-License-Identifier: MIT
#include "orchestrator/check/gate.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "orchestrator/check/cells_test.hpp"
#include "orchestrator/check/planning.hpp"

namespace lab::check {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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
  // Two trials should be equal and are not.
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
  // The first change is 4 % of IOIO and 0.4 % of the total, the second 6 % of IOIO.
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
  // Six and six trials have an interval, but their ranks cannot show anything in six tests.
  for (const auto& [count, after] : {std::pair(3u, 2000u), {3u, 4000u}, {6u, 2000u}}) {
    const Verdict found = verdict(count, 2000, after);
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

TEST(Gate, AnotherVersionOfLabIsToldAndNoObstacle) {
  auto conditions = usual;
  conditions["lab_version"] = "0.1.0 (123456789abc)";
  const Verdict found = judge(cells(trials(8, 2000)), cells(trials(8, 2000, conditions)), {});
  EXPECT_EQ(found.judgement(), Judgement::passed);
  EXPECT_EQ(found.cells.at(0).comparison.conditions.size(), 1u);
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

// Returns trials whose HLT exits vary by `share` around 20,000, evenly and the same each time.
std::vector<record::TrialCounts> varied(std::size_t count, double share,
                                        const std::string& run = "run") {
  std::vector<record::TrialCounts> all;
  for (std::size_t i = 0; i < count; ++i) {
    const double place = count > 1 ? 2.0 * double(i) / double(count - 1) - 1 : 0;
    all.push_back(trial(i + 1, {{hlt, std::uint64_t(20'000 * (1 + share * place))}, {ioio, 80'000}},
                        usual, run));
  }
  return all;
}

TEST(Gate, APassExcludesAChangeOfSomeFloors) {
  const auto steady = cells(varied(8, 0.02)), noisy = cells(varied(8, 0.4));
  EXPECT_EQ(judge(steady, steady, {}).judgement(), Judgement::passed);
  const Verdict found = judge(noisy, noisy, {});
  EXPECT_EQ(found.judgement(), Judgement::cannot_tell);
  EXPECT_THAT(found.cells.at(0).cannot_tell,
              ElementsAre(AllOf(HasSubstr("could have missed +"), HasSubstr("% of HLT of boot"),
                                HasSubstr("trials a side would do"))));
  // Users who declare that such a change does not matter get a pass.
  GateOptions wide;
  wide.floors = {{"s", Floors{.own = {{.reason = "HLT", .share = 0.2}, {.reason = "total"}}}}};
  EXPECT_EQ(judge(noisy, noisy, wide).judgement(), Judgement::passed);
}

// Adds the smallest change that the check claims it would have found.
TEST(Gate, FindsWhatItSaysItWouldHaveFound) {
  const Verdict quiet = judge(cells(varied(8, 0.05)), cells(varied(8, 0.05)), {});
  ASSERT_EQ(quiet.cells.at(0).resolution.size(), 3u);
  const auto hlt_row = std::ranges::find_if(
      quiet.cells[0].resolution, [](const Resolution& one) { return one.row.number == hlt; });
  ASSERT_NE(hlt_row, quiet.cells[0].resolution.end());
  EXPECT_NEAR(hlt_row->floor, 1000, 1);
  EXPECT_GT(hlt_row->would_find, 1200);
  const auto with_more = [&](double exits) {
    auto more = varied(8, 0.05);
    for (auto& one : more) {
      one.steps[0].reasons[0].second += std::uint64_t(exits);
      one.steps[0].exits += std::uint64_t(exits);
    }
    return judge(cells(varied(8, 0.05)), cells(more), {}).judgement();
  };
  EXPECT_EQ(with_more(hlt_row->would_find + 1), Judgement::regressed);
  EXPECT_EQ(with_more(hlt_row->would_find / 2), Judgement::passed);
  EXPECT_GT(hlt_row->could_miss, 0);
  EXPECT_LT(hlt_row->could_miss, 5 * hlt_row->floor);
}

TEST(Gate, FewNewTrialsAreNoPassWhateverTheBaselineHas) {
  const auto before = cells(trials(100, 2000));
  EXPECT_EQ(judge(before, cells(trials(4, 2000)), {}).judgement(), Judgement::cannot_tell);
  EXPECT_EQ(judge(before, cells(trials(8, 2000)), {}).judgement(), Judgement::passed);
}

// The plan has enough new trials that they need not all lie above the baseline's.
TEST(Gate, OneHighOutlierInTheBaselineHidesNothing) {
  auto before = trials(30, 2000);
  before[10].steps[0].reasons[1].second += 4000;
  before[10].steps[0].exits += 4000;
  const auto planned = trials_for("s", cells(before), "", {});
  ASSERT_TRUE(planned.has_value());
  const Verdict found = judge(cells(before), cells(trials(*planned, 3000)), {});
  ASSERT_EQ(found.judgement(), Judgement::regressed);
  EXPECT_EQ(found.cells.at(0).regressions.size(), 2u);  // IOIO and the total
}

// Judges 8 new trials, `doubled` of which have twice the IOIO exits.
Verdict with_doubled(std::size_t baseline, std::size_t doubled) {
  auto after = trials(8, 2000);
  for (std::size_t i = 0; i < doubled; ++i) {
    after[2 * i % 8].steps[0].reasons[1].second += 2000;
    after[2 * i % 8].steps[0].exits += 2000;
  }
  return judge(cells(trials(baseline, 2000)), cells(after), {});
}

TEST(Gate, SeesARegressionThatComesAndGoes) {
  const Verdict found = with_doubled(80, 4);
  ASSERT_EQ(found.judgement(), Judgement::regressed);
  const auto& regressions = found.cells.at(0).regressions;
  const auto ioio_row = std::ranges::find_if(
      regressions, [](const Finding& finding) { return finding.row.number == ioio; });
  ASSERT_NE(ioio_row, regressions.end());
  EXPECT_TRUE(ioio_row->row.intermittent);
  EXPECT_EQ(ioio_row->row.beyond, 4u);
  EXPECT_GE(ioio_row->row.beyond_median, 4000);
  EXPECT_EQ(with_doubled(80, 0).judgement(), Judgement::passed);
  EXPECT_EQ(with_doubled(8, 4).judgement(), Judgement::cannot_tell);  // too few to show it
}

TEST(Gate, FailuresAndUnknownReasonsHaveNoFloor) {
  const std::uint32_t shutdown = 0x7f, other = 0xfffffff0;
  ASSERT_EQ(exits::reason_category(exits::Vendor::svm, other), exits::Category::other);
  for (const std::uint32_t reason : {shutdown, other}) {
    auto after = trials(8, 2000);
    for (auto& one : after) {
      one.steps[0].reasons.emplace_back(reason, 5);
      one.steps[0].exits += 5;
    }
    const Verdict found = judge(cells(trials(8, 2000)), cells(after), {});
    ASSERT_EQ(found.judgement(), Judgement::regressed) << reason;
    EXPECT_EQ(found.cells.at(0).regressions.at(0).row.number, reason);
  }
}

// Judges exact boots of 102,556 exits in which one reason changes.
Verdict exact_verdict(std::uint32_t reason, std::uint64_t before, std::uint64_t after) {
  auto conditions = usual;
  conditions["exact"] = "icount";
  const auto with = [&](std::uint64_t exits) {
    return cells({trial(1, {{hlt, 102'556}, {reason, exits}}, conditions)});
  };
  return judge(with(before), with(after), {});
}

TEST(Gate, ExactDifferencesAreAllReportedAndFloorsDecideWhatFails) {
  for (const auto& [before, after] : {std::pair(0u, 900u), {3u, 6u}, {6u, 3u}}) {
    const Verdict found = exact_verdict(msr, before, after);
    EXPECT_EQ(found.judgement(), Judgement::passed);
    ASSERT_EQ(found.cells.at(0).below_floor.size(), 2u) << before;  // the total, too
    EXPECT_EQ(found.cells[0].below_floor[1].row.subject(), "MSR of boot");
  }
  EXPECT_THAT(exact_verdict(msr, 3, 3).cells.at(0).below_floor, IsEmpty());
  EXPECT_EQ(exact_verdict(0x7f, 0, 50).judgement(), Judgement::regressed);  // SHUTDOWN
  EXPECT_EQ(exact_verdict(msr, 0, 2000).judgement(), Judgement::regressed);
}

// From xAPIC to x2APIC, nested faults become MSR exits.
TEST(Gate, SaysWhereExitsHaveMovedFrom) {
  const auto with = [](std::uint64_t faults, std::uint64_t msrs) {
    auto all = trials(8, 2000);
    for (auto& one : all) {
      one.steps[0].reasons[2].second = msrs;
      one.steps[0].reasons.emplace_back(0x400, faults);
      one.steps[0].exits += faults + msrs - 50;
    }
    return cells(all);
  };
  const CellJudgement moved = judge(with(9000, 1000), with(3000, 6900), {}).cells.at(0);
  ASSERT_EQ(moved.regressions.size(), 1u);
  EXPECT_EQ(moved.regressions[0].row.subject(), "MSR of boot");
  EXPECT_EQ(moved.regressions[0].moved, "NPF of boot: -6000 exits");
  const CellJudgement grown = judge(with(9000, 1000), with(3000, 9900), {}).cells.at(0);
  for (const Finding& finding : grown.regressions)
    EXPECT_EQ(finding.moved, "") << finding.row.subject();  // the total has grown
}

// Judges a new run beside two of 8 trials each, at 100.0 and 102.5 %.
Verdict beside_two_runs(double share) {
  const auto run = [](double level, const std::string& name) {
    std::vector<record::TrialCounts> all;
    for (std::size_t i = 1; i <= 8; ++i)
      all.push_back(trial(i, {{hlt, std::uint64_t(20'000 * level) + i * 7 % 50}}, usual, name));
    return all;
  };
  auto before = run(1, "a");
  for (const auto& one : run(1.025, "b")) before.push_back(one);
  return judge(cells(before), cells(run(share, "c")), {});
}

TEST(Gate, WhatTheBaselinesRunsDifferByIsNoRegression) {
  const Verdict found = beside_two_runs(1.04);
  EXPECT_EQ(found.judgement(), Judgement::cannot_tell);
  EXPECT_THAT(found.cells.at(0).regressions, IsEmpty());
  ASSERT_EQ(found.cells[0].suspected.size(), 2u);
  EXPECT_THAT(other_run_text(found.cells[0].suspected[0].row), HasSubstr("own runs differ"));
  EXPECT_THAT(beside_two_runs(0.96).cells.at(0).improvements, IsEmpty());
  EXPECT_EQ(beside_two_runs(1.5).judgement(), Judgement::regressed);
}

// A value between two differing runs may be a change of 5 % on a night that is lower by as much.
TEST(Gate, WhatTheBaselinesRunsDifferByMayHideAChange) {
  const Verdict found = beside_two_runs(1.0125);
  EXPECT_EQ(found.judgement(), Judgement::cannot_tell);
  EXPECT_THAT(
      found.cells.at(0).cannot_tell,
      ElementsAre(AllOf(HasSubstr("could have missed +"),
                        HasSubstr("whole runs may differ as much, as far as the "
                                  "baseline's 2 show"),
                        HasSubstr("a baseline of more runs"), Not(HasSubstr("trials a side")))));
  for (const Resolution& one : found.cells[0].resolution) {
    EXPECT_GT(one.could_miss, 5 * one.floor);
    EXPECT_LT(one.by_trials, 5 * one.floor);
  }
  EXPECT_EQ(beside_two_runs(0.6).judgement(), Judgement::passed);  // however high its run was
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

}  // namespace
}  // namespace lab::check
