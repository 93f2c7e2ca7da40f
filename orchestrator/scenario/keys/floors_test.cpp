// SPDX-License-Identifier: MIT
// Tests which changes against a baseline matter.
#include "orchestrator/scenario/loader/loader.hpp"
#include "orchestrator/scenario/loader_test.hpp"

namespace lab::scenario {
namespace {

using exits::Category;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Floor> floors_of(const std::string& map,
                             const std::vector<std::string>& overrides = {}) {
  return parse(before_steps("floors: " + map), "s.yaml", overrides).floors;
}

Floor of(const std::string& reason, std::optional<double> share) {
  return {.reason = reason, .category = {}, .share = share};
}
Floor of(Category category, std::optional<double> share) {
  return {.reason = "", .category = category, .share = share};
}

TEST(Floors, AreOfReasonsAndCategoriesInTheFilesOrder) {
  EXPECT_THAT(parse(small, "s.yaml").floors, IsEmpty());
  EXPECT_THAT(floors_of("{}"), IsEmpty());
  EXPECT_THAT(floors_of("{total: 1 %, INTR: 20 %, interrupt: 10%, EPT_VIOLATION: 0.5 %}"),
              ElementsAre(of("total", 0.01), of("INTR", 0.2), of(Category::interrupt, 0.1),
                          of("EPT_VIOLATION", 0.005)));
  EXPECT_THAT(floors_of("{48: ignore, 0x400: \"0 %\", PF excp: 1000 %}"),
              ElementsAre(of("48", std::nullopt), of("0x400", 0), of("PF excp", 10)));
}

TEST(Floors, ACategorysWordIsTheCategory) {
  EXPECT_THAT(floors_of("{msr: 1 %, MSR: 2 %, other: 3 %, OTHER: 4 %}"),
              ElementsAre(of(Category::msr, 0.01), of("MSR", 0.02), of(Category::other, 0.03),
                          of("OTHER", 0.04)));
}

TEST(Floors, AreSetLikeOtherKeys) {
  EXPECT_THAT(floors_of("{total: 1 %, hlt: 5 %}",
                        {"floors.total=2 %", "floors.HLT=ignore", "floors.cpuid=3%"}),
              ElementsAre(of("total", 0.02), of("HLT", std::nullopt), of(Category::cpuid, 0.03)));
  EXPECT_THAT(error_of(small, {"floors.total=2"}),
              HasSubstr("--set: floors.total must be from 0 % to 1000 %, or ignore, not '2'"));
  EXPECT_THAT(error_of(small, {"floors.totel=2 %"}),
              HasSubstr("--set: no exit reason or category 'totel', did you mean 'total'?"));
  EXPECT_THAT(error_of(small, {"floors=2 %"}), HasSubstr("--set: unknown key 'floors'"));
  EXPECT_THAT(error_of(small, {"matrix.floors.total=1 %,2 %"}), HasSubstr("matrix cannot vary"));
}

TEST(Floors, AreMergedWhereAScenarioExtendsAnother) {
  const std::string base = before_steps("floors: {total: 1 %, INTR: 20 %, idle: ignore}");
  const auto floors = [&](const std::string& text) {
    const auto read = [&](const std::string&) { return base; };
    return parse("extends: base.yaml\n" + text, "t.yaml", {}, read).floors;
  };
  EXPECT_THAT(floors("floors: {total: 3 %, INTR: , NPF: 2 %}\n"),
              ElementsAre(of("total", 0.03), of(Category::idle, std::nullopt), of("NPF", 0.02)));
  EXPECT_THAT(floors("floors:\n"), IsEmpty());
}

TEST(Floors, ChangeNoTrial) {
  EXPECT_EQ(expand(parse(before_steps("floors: {total: 7 %}"), "s.yaml")),
            expand(parse(small, "s.yaml")));
}

TEST(Floors, BadOnesSayWhereWhatAndHowToMend) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{totel: 1 %}",
       "s.yaml:4:10: no exit reason or category 'totel', did you mean 'total'? | total, a name as "
       "in EPT_VIOLATION or NPF, a number, or one of io, "},
      {"{INTRR: 1 %}", "'INTRR', did you mean 'INTR'?"},
      {"{page_falt: 1 %}", "'page_falt', did you mean 'page_fault'?"},
      {"{'': 1 %}", "no exit reason or category ''"},
      {"{INTR: 5}",
       "s.yaml:4:16: floors.INTR must be from 0 % to 1000 %, or ignore, not '5' | write the unit "
       "out, as in '5 %'"},
      {"{INTR: 0.05}", "not '0.05'"},
      {"{INTR: 1000.1 %}", "from 0 % to 1000 %, or ignore, not '1000.1 %'"},
      {"{INTR: -1 %}", "not '-1 %'"},
      {"{INTR: 5  %}", "not '5  %'"},
      {"{INTR: 5. %}", "not '5. %'"},
      {"{INTR: .5 %}", "not '.5 %'"},
      {"{INTR: 1e2 %}", "not '1e2 %'"},
      {"{INTR: nan %}", "not 'nan %'"},
      {"{INTR: inf%}", "not 'inf%'"},
      {"{INTR: '%'}", "not '%'"},
      {"{INTR: 5 percent}", "not '5 percent'"},
      {"{INTR: ignor}", "not 'ignor', did you mean 'ignore'?"},
      {"{INTR: }", "floors.INTR must be a percentage or ignore, not nothing"},
      {"{INTR: [5 %]}", "must be a percentage or ignore, not a list"},
      {"{total: 1 %, total: 2 %}", "s.yaml:4:22: duplicate key 'total'"},
      {"{HLT: 1 %, hlt: 2 %}",
       "s.yaml:4:20: floors: 'hlt' is 'HLT' again, first at s.yaml:4:10 | remove one of the two"},
      {"{NPF: 1 %, 0x400: 2 %}", "'0x400' is 'NPF' again"},
      {"[INTR]", "s.yaml:4:9: floors must be a map of keys and values, not a list"},
      {"", "floors must be a map of keys and values, not nothing"},
  };
  for (const auto& [map, message] : cases) {
    EXPECT_THAT(error_of(before_steps("floors: " + map)), HasSubstr(message)) << map;
  }
  std::string many;
  for (int i = 0; i <= 256; ++i) many += std::to_string(5000 + i) + ": 1 %, ";
  EXPECT_THAT(error_of(before_steps("floors: {" + many + "}")),
              HasSubstr("floors must be at most 256, not 257"));
}

}  // namespace
}  // namespace lab::scenario
