// SPDX-License-Identifier: MIT
#include "orchestrator/report/cause_lines.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "orchestrator/check/comparison/causes_record.hpp"
#include "orchestrator/report/golden_file.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<record::Record> trials = {check::trial_with_causes()};

TEST(CauseLines, StandUnderTheirReasonInTheTable) {
  ASSERT_EQ(record::causes_problem(trials[0].steps[0]), std::nullopt);
  expect_golden("causes_table.txt", table(trials[0]));
}

TEST(CauseLines, FitAHundredColumns) {
  std::istringstream text(table(trials[0]));
  for (std::string line; std::getline(text, line);) EXPECT_LE(width(line), 100u) << line;
}

TEST(CauseLines, AreRowsOfTheirOwnInCsvAndChangeNoOther) {
  expect_golden("causes.csv", csv(trials));
  record::Record without = trials[0];
  without.steps[0].causes.clear();
  without.steps[0].causes_lost.clear();
  EXPECT_THAT(csv(trials), testing::StartsWith(csv({&without, 1})));
}

TEST(CauseLines, AreATableInMarkdown) {
  expect_golden("causes.md", markdown(trials));
}

TEST(CauseLines, OfRareReasonsAreLeftOut) {
  const record::Step& step = trials[0].steps[0];
  EXPECT_THAT(cause_lines(step, step.reasons[3]), ElementsAre());  // 1 of 50,677 exits
  EXPECT_EQ(cause_lines(step, step.reasons[2]).size(), 2u);
}

TEST(CauseLines, CountTheRestAndTheLostOnes) {
  record::Step step{.name = "boot", .exits = 115};
  step.reasons = {{0x7b, "IOIO", "io", 115, {}}};
  for (int i = 0; i < 7; ++i) step.causes.push_back({0x7b, "io " + std::to_string(i), "f", 15, {}});
  step.causes_lost = {{0x7b, 10}};
  const auto lines = cause_lines(step, step.reasons[0]);
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[4], "                15  13.0%  io 4, f");
  EXPECT_EQ(lines[5], "                30  26.1%  2 other causes");
  EXPECT_EQ(lines[6], "                10   8.7%  lost: the kernel's table of causes was full");
}

// "(others)" is a mark in the record: people read words instead, and it does not count as a cause.
TEST(CauseLines, SayOfASumThatItIsOfMore) {
  record::Step step{.name = "boot", .exits = 115};
  step.reasons = {{0x7b, "IOIO", "io", 115, {}}};
  step.causes = {{0x7b, "(others)", "(others)", 70, {}}, {0x7b, "io 1", "f", 45, {}}};
  EXPECT_THAT(
      cause_lines(step, step.reasons[0]),
      ElementsAre("                45  39.1%  io 1, f", "                70  60.9%  other causes"));
  step.causes[0].exits -= 1;
  step.causes.push_back({0x7b, "io 2", "f", 1, {}});
  EXPECT_EQ(cause_lines(step, step.reasons[0])[1],
            "                70  60.9%  more than 1 other cause");
  EXPECT_EQ(cause_text("(others)", "(others)"), "smaller causes, kept as one sum");
}

// Reading a record rejects such text, but a record that was just made can contain it.
TEST(CauseLines, OfTheGuestStayText) {
  std::vector<record::Record> records = trials;
  records[0].steps[0].causes[0].place = "\x1b[2J<b>|\u202e";
  for (Format format : {Format::table, Format::csv, Format::markdown}) {
    const std::string text = render(format, records);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\u202e"), std::string::npos);
  }
  EXPECT_THAT(markdown(records), HasSubstr("\\<b\\>\\|"));
}

}  // namespace
}  // namespace lab::report
