// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/doing.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "orchestrator/report/text.hpp"

namespace lab::terminal {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Doing boot{.where = "boot-count#1: boot",
                 .seconds = 83,
                 .expected = 125,
                 .exits = 54321,
                 .rates = {0, 500, 1000},
                 .leading = "NPF",
                 .leading_share = 0.262};

using Lines = std::vector<std::string>;

TEST(Live, ALineSaysAllWhereThereIsRoom) {
  EXPECT_EQ(doing_lines(boot, 70),
            Lines{"boot-count#1: boot 1:23 of ~2:05  54,321 exits  ▁▅█ 1,000/s  NPF 26 %"});
}

TEST(Live, CountsHaveALineOfTheirOwnWhereOneIsTooNarrow) {
  EXPECT_EQ(doing_lines(boot, 60),
            (Lines{"boot-count#1: boot 1:23 of ~2:05", "  54,321 exits  ▁▅█ 1,000/s  NPF 26 %"}));
}

TEST(Live, WhatMattersLeastGoesFirst) {
  EXPECT_EQ(doing_lines(boot, 33),
            (Lines{"boot-count#1: boot 1:23 of ~2:05", "  54,321 exits 1,000/s  NPF 26 %"}));
  EXPECT_EQ(doing_lines(boot, 24), (Lines{"boot-count#1: boot 1:23", "  54,321 exits 1,000/s"}));
  EXPECT_EQ(doing_lines(boot, 12), (Lines{"boot-count#…", "  54,321 ex…"}));
  for (std::size_t columns = 5; columns < 90; ++columns)
    for (const std::string& line : doing_lines(boot, columns))
      EXPECT_LE(report::width(line), columns);
}

TEST(Live, WhatIsNotKnownIsNotShown) {
  EXPECT_EQ(doing_lines({.where = "outer VM", .seconds = 4.9}, 80), Lines{"outer VM 0:04"});
}

TEST(Live, Sparkline) {
  EXPECT_EQ(sparkline({}), "");
  const double zeros[] = {0, 0}, some[] = {1, 8, 4};
  EXPECT_EQ(sparkline(zeros), "▁▁");
  EXPECT_EQ(sparkline(some), "▂█▅");
}

const Top top{.title = "boot-count#1: boot",
              .emulated = true,
              .seconds = 2,
              .reasons = {{"CPUID", 1000, 500'000, 10, 1000}, {"IOIO", 600, 900, 30, 60000}}};

TEST(Live, TopShowsTheBusiestFirst) {
  const std::string text = top_table(top, 24, 79);
  EXPECT_THAT(text, StartsWith("boot-count#1: boot\n"));
  EXPECT_LT(text.find("IOIO"), text.find("CPUID"));
  EXPECT_THAT(text, HasSubstr("emul. cycles"));
  // The row has 30 exits in 2 s, 30 of 40 exits, 60,000 cycles in 30 exits, and 600 exits so far.
  EXPECT_THAT(
      text,
      HasSubstr("IOIO                             15    75.0          2,000             600\n"));
  EXPECT_THAT(text, HasSubstr("all                              20   100.0"));
}

TEST(Live, TopWithoutATimeBeforeHasNoRates) {
  Top first = top;
  first.seconds.reset();
  for (TopReason& reason : first.reasons) reason.new_exits = reason.exits;
  EXPECT_THAT(top_table(first, 24, 79), HasSubstr("CPUID                             -    62.5"));
}

TEST(Live, TopFitsTheWindow) {
  Top many = top;
  for (int i = 0; i < 50; ++i) many.reasons.push_back({"REASON_" + std::to_string(i), 1, 1, 0, 0});
  for (std::size_t columns : {20, 30, 45, 62, 79, 200}) {
    std::istringstream lines(top_table(many, 10, columns));
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count)
      EXPECT_LE(report::width(line), columns);
    EXPECT_LE(count, 10u);
  }
  EXPECT_THAT(top_table(many, 10, 79), HasSubstr("more reasons"));
  EXPECT_THAT(top_table(top, 10, 79), Not(HasSubstr("\x1b")));
  EXPECT_THAT(top_table(top, 10, 79, {.colour = true}), HasSubstr("\x1b[1m"));
}

TEST(Live, TopSaysOfTheLeadingCausesHowMuchOfAllTheyAre) {
  const TopCauses causes{
      .exits = 40,
      .leading = {{"EXTERNAL_INTERRUPT", "interrupt 0xec local timer, kernel", 30},
                  {"IOIO", "io 0x3f8 serial port: write 1, SMM", 4}}};
  EXPECT_EQ(top_causes(causes, 3, 79),
            "    exits      %  reason              cause\n"
            "       30   75.0  EXTERNAL_INTERRUPT  interrupt 0xec local timer, kernel\n"
            "        4   10.0  IOIO                io 0x3f8 serial port: write 1, SMM\n");
  EXPECT_THAT(top_causes(causes, 2, 79), Not(HasSubstr("IOIO")));
  EXPECT_THAT(top_causes({}, 2, 79), HasSubstr("lab run SCENARIO --causes"));
  for (std::size_t columns : {20, 30, 50}) {
    std::istringstream lines(top_causes(causes, 10, columns));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(report::width(line), columns);
  }
}

}  // namespace
}  // namespace lab::terminal
