// SPDX-License-Identifier: MIT
#include "orchestrator/report/comparison/comparison.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "orchestrator/check/cells_test.hpp"
#include "orchestrator/report/golden_file.hpp"

namespace lab::report {
namespace {

using testing::HasSubstr;
using testing::Not;

// Comparisons of 8 trials each, corrected as `lab compare` does.
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

TEST(ComparisonReport, Verdict) {
  const check::Verdict verdict =
      check::judge(check::cells(check::trials(8, 2000)), check::cells(check::trials(8, 2400)), {});
  expect_golden("verdict.txt", verdict_text(verdict));
  const auto json = nlohmann::json::parse(verdict_json(verdict, {}, {}));
  EXPECT_EQ(json.at("judgement"), "regressed");
  EXPECT_EQ(json.at("cells").at(0).at("regressions").size(), 2u);
}

// What stands in a file or came from a guest is text on a terminal.
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
