// SPDX-License-Identifier: MIT
#include "orchestrator/report/comparison/comparison.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "orchestrator/check/cells_test.hpp"
#include "orchestrator/report/comparison/mail.hpp"
#include "orchestrator/report/every_class.hpp"
#include "orchestrator/report/golden_file.hpp"

namespace lab::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Compares 8 trials each, corrected as `lab compare` does.
std::vector<check::Comparison> compared(const std::vector<record::TrialCounts>& a,
                                        const std::vector<record::TrialCounts>& b) {
  std::vector<check::Comparison> comparisons = {
      check::compare(check::cells(a).at(0), check::cells(b).at(0))};
  std::vector<check::Row*> rows;
  for (check::Row& row : comparisons[0].rows) rows.push_back(&row);
  check::correct(rows, 0.05);
  return comparisons;
}

record::Conditions verbose() {
  record::Conditions conditions = check::usual;
  conditions["console"] = "verbose";
  return conditions;
}

TEST(ComparisonReport, Table) {
  expect_golden("comparison.txt", comparison_table(compared(check::trials(8, 2000),
                                                            check::trials(8, 2400, verbose()))));
}

TEST(ComparisonReport, FewTrialsHaveNoInterval) {
  const std::string text =
      comparison_table(compared(check::trials(3, 2000), check::trials(3, 2000)));
  EXPECT_THAT(text, HasSubstr("± ∞: needs 6 trials"));
}

TEST(ComparisonReport, ForPrograms) {
  const auto comparisons = compared(check::trials(8, 2000), check::trials(8, 2400, verbose()));
  const auto json = nlohmann::json::parse(comparison_json(comparisons));
  const auto& one = json.at("comparisons").at(0);
  EXPECT_EQ(one.at("conditions").at("console").at("b"), "verbose");
  EXPECT_EQ(one.at("rows").at(0).at("kind"), "total");
  EXPECT_EQ(one.at("rows").at(0).at("differs"), true);
  const std::string csv = comparison_csv(comparisons);
  EXPECT_THAT(csv, HasSubstr("\ns,s,s,8,8,boot,1,reason,IOIO,2001,"));
}

// Exact runs have one trial a side.
TEST(ComparisonReport, OneTrialIsNoTrials) {
  const std::vector<check::Cell> one = check::cells(check::trials(1, 2000));
  const check::Verdict verdict = check::judge(one, one, {});
  EXPECT_THAT(verdict_text(verdict), HasSubstr("(baseline of 1 trial, 1 new"));
  EXPECT_THAT(verdict_markdown(verdict, {}, {}), HasSubstr("(baseline of 1 trial, 1 new)"));
  check::Baseline baseline{.scenario = "s"};
  check::accept(baseline, {.by = "me", .time = "now", .reason = "it is", .cell = one.at(0)});
  EXPECT_THAT(baseline_text(baseline, {}), HasSubstr("boot: 1 trial, median "));
}

TEST(ComparisonReport, Verdict) {
  const check::Verdict verdict =
      check::judge(check::cells(check::trials(8, 2000)), check::cells(check::trials(8, 2400)), {});
  expect_golden("verdict.txt", verdict_text(verdict));
  const auto json = nlohmann::json::parse(verdict_json(verdict, {}, {}));
  EXPECT_EQ(json.at("judgement"), "regressed");
  EXPECT_EQ(json.at("cells").at(0).at("regressions").size(), 2u);
}

check::CauseChange change(double a, double b, const std::string& detail, const std::string& place) {
  return {"boot", 1, 0x7b, "IOIO", detail, place, a, b, a > 0, b > 0};
}

check::Row io_row(double a, double b) {
  check::Row row{.step = "boot", .kind = check::Row::Kind::reason, .number = 0x7b, .name = "IOIO"};
  row.a.median = a;
  row.b.median = b;
  row.differs = true;
  return row;
}

TEST(CauseSentence, NamesTheOneCauseOfAChange) {
  const std::string serial = "io 0x3f8 serial: write 1";
  EXPECT_EQ(cause_sentence(io_row(22671, 39542),
                           {change(3854, 20725, serial, "serial8250_console_putchar"),
                            change(10, 11, "io 0x70", "rtc_read")}),
            "IOIO of boot +16,871: io 0x3f8 serial: write 1, serial8250_console_putchar");
}

TEST(CauseSentence, NamesTheLargestOfSeveralAndWhatMoved) {
  EXPECT_EQ(cause_sentence(io_row(100, 100), {change(50, 0, "io 0xcf8", "pci_conf1_read"),
                                              change(0, 50, "io 0xcf8", "pci_mmcfg_read")}),
            "IOIO of boot +0: -50 io 0xcf8, pci_conf1_read; +50 io 0xcf8, pci_mmcfg_read");
  std::vector<check::CauseChange> five;
  for (int i = 5; i > 0; --i) five.push_back(change(0, i, "io " + std::to_string(i), "f"));
  EXPECT_EQ(cause_sentence(io_row(0, 15), five),
            "IOIO of boot +15: +5 io 5, f; +4 io 4, f; +3 io 3, f; and 2 other causes");
}

TEST(CauseSentence, IsOfTheRowsOwnCauses) {
  check::CauseChange other = change(0, 9, "leaf 0x1", "f");
  other.number = 0x72;
  EXPECT_EQ(cause_sentence(io_row(0, 9), {other}), "");
  EXPECT_EQ(cause_sentence(io_row(0, 9), {}), "");
  other = change(0, 9, "io 0x1", "f");
  other.guest = 2;
  EXPECT_EQ(cause_sentence(io_row(0, 9), {other}), "");
}

TEST(ComparisonReport, NamesTheCausesThatChangedInEveryFormat) {
  auto comparisons = compared(check::trials(8, 2000), check::trials(8, 2400));
  EXPECT_THAT(comparison_table(comparisons), Not(HasSubstr("by cause")));
  EXPECT_FALSE(nlohmann::json::parse(comparison_json(comparisons))["comparisons"][0].contains(
      "causes"));  // not known is not none
  comparisons[0].causes = {change(3854, 4254, "io 0x3f8", "\x1b[2Jputchar")};
  const std::string text = comparison_table(comparisons);
  EXPECT_THAT(text, HasSubstr("IOIO of boot +400: io 0x3f8, \\x1b[2Jputchar"));
  const auto cause =
      nlohmann::json::parse(comparison_json(comparisons))["comparisons"][0]["causes"][0];
  EXPECT_EQ(cause["change"], 400);
  EXPECT_EQ(cause["detail"], "io 0x3f8");

  check::Verdict verdict =
      check::judge(check::cells(check::trials(8, 2000)), check::cells(check::trials(8, 2400)), {});
  for (check::Finding& finding : verdict.cells.at(0).regressions)
    finding.changed = comparisons[0].causes;
  EXPECT_THAT(verdict_text(verdict), HasSubstr("by cause: IOIO of boot +400: io 0x3f8"));
  EXPECT_THAT(verdict_text(verdict), HasSubstr("by cause: total of boot +400: IOIO io 0x3f8"));
  EXPECT_THAT(verdict_markdown(verdict, {}, {}), HasSubstr("io 0x3f8"));
  EXPECT_THAT(verdict_junit(verdict), HasSubstr("io 0x3f8"));
  EXPECT_THAT(verdict_json(verdict, {}, {}), HasSubstr("\"changed\""));
}

std::vector<std::string> names_of_tests(const check::Verdict& verdict) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(verdict_junit(verdict).c_str()));
  std::vector<std::string> names;
  for (const pugi::xpath_node test : document.select_nodes("//testcase"))
    names.emplace_back(test.node().attribute("name").value());
  return names;
}

// JUnit readers take the second of two equal test cases for a retry of the first.
TEST(ComparisonReport, JunitNamesTheSiteOfCellsWithEqualNames) {
  const auto on = [](const std::string& site, const std::string& image = "tiny") {
    record::Conditions conditions = check::usual;
    conditions["site"] = site;
    conditions["image"] = image;
    return check::trials(8, 2000, conditions);
  };
  const auto both = [](std::vector<record::TrialCounts> a,
                       const std::vector<record::TrialCounts>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return check::cells(a);
  };
  using testing::ElementsAre;
  const std::vector<check::Cell> svm = check::cells(on("svm")), two = both(on("svm"), on("vmx"));
  EXPECT_THAT(names_of_tests(check::judge(svm, svm, {})), ElementsAre("check s"));
  EXPECT_THAT(names_of_tests(check::judge(two, two, {})),
              ElementsAre("check s, svm", "check s, vmx"));
  EXPECT_THAT(names_of_tests(check::judge(svm, {}, {})),
              ElementsAre("s: no new trials beside the baseline's"));
  // As where each guest failed: nothing says on which site.
  EXPECT_THAT(names_of_tests(check::judge(two, {}, {})),
              ElementsAre("s on svm: no new trials beside the baseline's",
                          "s on vmx: no new trials beside the baseline's"));
  EXPECT_THAT(names_of_tests(check::judge({}, two, {})),
              ElementsAre("s on svm: not in the baseline", "s on vmx: not in the baseline"));
  EXPECT_THAT(names_of_tests(check::judge(both(on("svm"), on("svm", "debian")), {}, {})),
              ElementsAre("s on svm: no new trials beside the baseline's",
                          "s on svm: no new trials beside the baseline's (2)"));
}

// A difference that the baseline's own runs also show is not a pass, in any format.
TEST(ComparisonReport, ASuspicionIsAnErrorForCi) {
  check::Verdict verdict =
      check::judge(check::cells(check::trials(8, 2000)), check::cells(check::trials(8, 2400)), {});
  check::CellJudgement& cell = verdict.cells.at(0);
  std::swap(cell.regressions, cell.suspected);
  for (check::Finding& finding : cell.suspected)
    finding.row.other_run = check::Interval{1, 9, 0.95};
  EXPECT_EQ(judgement_text(cell), "cannot tell");
  EXPECT_THAT(verdict_text(verdict), HasSubstr("the baseline's own runs differ"));
  EXPECT_THAT(verdict_junit(verdict), testing::AllOf(HasSubstr("errors=\"1\""),
                                                     HasSubstr("the baseline's own runs differ")));
  EXPECT_THAT(verdict_markdown(verdict, {}, {}), HasSubstr("own runs differ"));
  const auto json = nlohmann::json::parse(verdict_json(verdict, {}, {}));
  EXPECT_EQ(json.at("judgement"), "cannot tell");
  EXPECT_EQ(json.at("cells").at(0).at("suspected").size(), 2u);
}

TEST(ComparisonReport, SmallExactDifferencesAreReported) {
  record::Conditions conditions = check::usual;
  conditions["exact"] = "icount";
  const check::Verdict verdict = check::judge(check::cells(check::trials(1, 2000, conditions)),
                                              check::cells(check::trials(1, 2010, conditions)), {});
  EXPECT_EQ(verdict.judgement(), check::Judgement::passed);
  EXPECT_THAT(verdict_text(verdict),
              testing::AllOf(HasSubstr("changed, below its floors"),
                             HasSubstr("below its floor IOIO of boot: 2,001 → 2,011 exits"),
                             HasSubstr("it would have found any difference")));
  EXPECT_THAT(verdict_markdown(verdict, {}, {}), HasSubstr("below its floor: IOIO of boot"));
  EXPECT_EQ(nlohmann::json::parse(verdict_json(verdict, {}, {}))
                .at("cells")
                .at(0)
                .at("below_floor")
                .size(),
            2u);
}

TEST(ComparisonReport, WhatMayBeMissedIsSaid) {
  auto noisy = check::trials(8, 2000);
  for (std::size_t i = 0; i < noisy.size(); ++i) {
    noisy[i].steps[0].reasons[0].second += 2000 * i;
    noisy[i].steps[0].exits += 2000 * i;
  }
  const check::Verdict verdict = check::judge(check::cells(noisy), check::cells(noisy), {});
  EXPECT_THAT(verdict_text(verdict),
              testing::AllOf(HasSubstr("cannot tell"), HasSubstr("could have missed +"),
                             HasSubstr("it would have found +")));
  const auto json = nlohmann::json::parse(verdict_json(verdict, {}, {}));
  const auto& first = json.at("cells").at(0).at("resolution").at(0);
  EXPECT_GT(first.at("could_miss").get<double>(), 5 * first.at("floor").get<double>());
  EXPECT_GT(first.at("would_find").get<double>(), first.at("floor").get<double>());
}

// Callers such as `lab nightly` print the lines one after the other.
TEST(ComparisonReport, FindingLinesAreALineEach) {
  check::Verdict verdict =
      check::judge(check::cells(check::trials(8, 2000)), check::cells(check::trials(8, 2400)), {});
  check::CellJudgement& cell = verdict.cells.at(0);
  ASSERT_EQ(cell.regressions.size(), 2u);
  const check::Finding finding = cell.regressions.front();
  cell.improvements = cell.below_floor = cell.suspected = {finding};
  cell.cannot_tell = {"too few\ntrials \x1b[31m"};
  verdict.cannot_tell = {"no partner of s[a=1]"};
  check::Change change{.cell = "s", .subject = "total of boot", .run = "r1"};
  change.before = 5, change.after = 7;
  const std::vector<std::string> notes = {"confirmed by\n      new trials\n"};
  const std::vector<std::string> lines = finding_lines(verdict, notes, {&change, 1});
  using testing::StartsWith;
  const std::string subject = finding.row.subject();
  EXPECT_THAT(lines,
              testing::ElementsAre(
                  StartsWith("s: more: " + subject + ": "), StartsWith("s: more: "),
                  StartsWith("s: fewer: " + subject + ": "),
                  StartsWith("s: changed, below its floor: " + subject + ": "),
                  StartsWith("s: perhaps more, as the baseline's own runs differ: " + subject),
                  "s: cannot tell: too few trials \\x1b[31m", "cannot tell: no partner of s[a=1]",
                  "confirmed by new trials",
                  AllOf(StartsWith("history of s, total of boot: 5 → 7 exits since"),
                        HasSubstr("(run r1)"))));
  for (const std::string& line : lines) EXPECT_THAT(line, Not(HasSubstr("\n")));
  EXPECT_EQ(nlohmann::json::parse(verdict_json(verdict, notes, {&change, 1})).at("findings"),
            nlohmann::json(lines));
  EXPECT_TRUE(finding_lines({}, {}, {}).empty());
}

// Compares trials whose every text is `said`.
std::vector<check::Comparison> comparisons_saying(const std::string& said) {
  record::Conditions conditions = check::usual;
  conditions[said] = conditions["console"] = said;
  auto a = check::trials(8, 2000), b = check::trials(8, 2400, conditions);
  for (auto* side : {&a, &b})
    for (record::TrialCounts& trial : *side) {
      trial.scenario = said;
      trial.trial = said + trial.trial;
      trial.steps[0].step = said;
    }
  for (record::TrialCounts& trial : a) trial.steps.push_back({said + "a", 1, 5, {{0x7b, 5}}});
  for (record::TrialCounts& trial : b) trial.steps.push_back({said + "b", 2, 5, {{0x7b, 5}}});
  std::vector<check::Comparison> comparisons = compared(a, b);
  for (check::Row& row : comparisons[0].rows) row.name = said;
  comparisons[0].note = said;
  comparisons[0].causes = {{said, 1, 0x7b, said, said, said, 5, 7}};
  return comparisons;
}

TEST(ComparisonReport, EveryFormatTakesEveryClassOfCharacters) {
  for (const std::string& text : every_class) {
    const std::string said = "a" + text + "b";
    const auto comparisons = comparisons_saying(said);
    expect_harmless(comparison_table(comparisons), said);
    expect_harmless_json(comparison_json(comparisons), said);
    expect_harmless(comparison_csv(comparisons), said);
  }
}

check::Verdict verdict_saying(const std::string& said) {
  check::CellJudgement cell{.comparison = comparisons_saying(said).at(0)};
  for (const check::Row& row : cell.comparison.rows)
    cell.regressions.push_back({.row = row,
                                .where = said,
                                .cause = said,
                                .moved = said,
                                .changed = cell.comparison.causes});
  cell.improvements = cell.suspected = cell.below_floor = cell.regressions;
  cell.cannot_tell = {said};
  check::CellJudgement doubtful = cell;
  doubtful.regressions.clear();
  return {.cells = {cell, doubtful}, .cannot_tell = {said}};
}

TEST(ComparisonReport, EveryFormatOfAVerdictTakesEveryClassOfCharacters) {
  for (const std::string& text : every_class) {
    const std::string said = "a" + text + "b";
    const check::Verdict verdict = verdict_saying(said);
    const std::vector<std::string> notes = {said};
    check::Change change{.cell = said, .site = said, .vendor = said, .subject = said, .step = said};
    change.run = change.time = said;
    change.conditions = {{said, said, said}};
    const std::span<const check::Change> changes(&change, 1);
    expect_harmless(verdict_text(verdict), said);
    expect_harmless_json(verdict_json(verdict, notes, changes), said);
    expect_harmless(verdict_junit(verdict), said);
    expect_harmless(verdict_markdown(verdict, notes, changes), said);
    for (const std::string& line : finding_lines(verdict, notes, changes))
      expect_harmless(line, said);
    expect_harmless(changes_text(changes), said);
    expect_harmless(mail_text({said, said, said}, verdict), said);
    check::Baseline baseline{.scenario = said};
    auto accepted = check::trials(2, 2000);
    for (record::TrialCounts& trial : accepted) trial.steps[0].step = trial.trial = said;
    check::accept(baseline,
                  {.by = said, .time = said, .reason = said, .cell = check::cells(accepted).at(0)});
    expect_harmless(baseline_text(baseline, {}), said);
  }
}

TEST(ComparisonReport, JunitIsXmlWhateverIsCompared) {
  if (!have_xmllint()) GTEST_SKIP() << "xmllint is not there";
  check::Verdict all;
  for (const std::string& text : every_class) {
    const check::Verdict verdict = verdict_saying("a" + text + "b");
    std::ranges::copy(verdict.cells, std::back_inserter(all.cells));
    std::ranges::copy(verdict.cannot_tell, std::back_inserter(all.cannot_tell));
  }
  EXPECT_TRUE(is_strict_xml(verdict_junit(all)));
}

// Text from a file or a guest must stay text on a terminal.
TEST(ComparisonReport, HostileTextIsShownAsText) {
  record::Conditions conditions = check::usual;
  conditions["cmdline"] = "\x1b]0;owned\x07";
  auto b = check::trials(8, 2000, conditions);
  for (auto& one : b) one.trial = "s[\x1b[31m]#1";
  const auto comparisons = compared(check::trials(8, 2000), b);
  for (const std::string& text :
       {comparison_table(comparisons), comparison_json(comparisons), comparison_csv(comparisons)}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
}

}  // namespace
}  // namespace lab::report
