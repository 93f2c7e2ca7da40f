// SPDX-License-Identifier: MIT
#include "orchestrator/report/page/page.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/report/every_class.hpp"

namespace lab::report {
namespace {

using record::Record;
using testing::HasSubstr;
using testing::Not;

Record trial(int number, std::uint64_t io) {
  Record record = record::sample(number);
  record.trial = "boot-count[paging=nested]#" + std::to_string(number + 1);
  record.conditions["vendor"] = "svm";
  record.steps.resize(1);
  record.steps[0].exits = io + 7;
  record.steps[0].reasons = {{0x7b, "IOIO", "io", io, 99}, {0x400, "NPF", "page_fault", 7, {}}};
  record.timeline = {{10}, {{0.1, {1}}, {0.2, {2}}, {0.3, {4}}}, {{"start", 0}}};
  return record;
}

nlohmann::json data_of(std::span<const Record> records) {
  return nlohmann::json::parse(page_data({.title = "t", .records = records}));
}

TEST(Page, CountsAreThoseOfTheRecords) {
  const std::vector<Record> records = {trial(0, 100), trial(1, 300), trial(2, 200)};
  const nlohmann::json data = data_of(records);
  const nlohmann::json& boot = data["cells"][0]["steps"][0];
  EXPECT_EQ(boot["exits"],
            nlohmann::json::parse(R"({"median":207,"least":107,"most":307,"count":3})"));
  EXPECT_EQ(boot["reasons"][0]["name"], "IOIO");
  EXPECT_EQ(boot["reasons"][0]["exits"]["median"], 200);
  EXPECT_EQ(boot["reasons"][0]["cycles"]["median"], 99);
  EXPECT_FALSE(boot["reasons"][1].contains("cycles"));  // not known is not 0
  EXPECT_EQ(data["cells"][0]["label"], "paging=nested");
  EXPECT_EQ(data["trials"].size(), 3u);
  EXPECT_EQ(data["outcomes"]["passed"], 3);
}

TEST(Page, TrialsAreOfTheirNodes) {
  std::vector<Record> records = {trial(0, 100), trial(1, 100)};
  records[1].conditions["node"] = "n1\x1b";
  const nlohmann::json data = data_of(records);
  EXPECT_FALSE(data["trials"][0].contains("node"));  // of the machine that keeps it
  EXPECT_THAT(data["trials"][1]["node"].get<std::string>(), HasSubstr("n1"));
  EXPECT_THAT(data["trials"][1]["node"].get<std::string>(), testing::Not(HasSubstr("\x1b")));
}

// Causes are means over the trials: they add up to the step's, as medians would not.
TEST(Page, CausesAreOfTheTrialsThatHaveThem) {
  std::vector<Record> records = {trial(0, 100), trial(1, 101), trial(2, 200)};
  for (int i : {0, 1}) {
    record::Step& step = records[std::size_t(i)].steps[0];
    step.causes = {{0x7b, "io 0x3f8", "f", 100u + unsigned(i), 50}, {0x400, "ram", "<g>", 7, {}}};
    step.causes_lost.clear();
  }
  records[2].steps[0].causes.clear();
  records[2].steps[0].causes_lost.clear();
  const nlohmann::json causes = data_of(records)["cells"][0]["steps"][0]["causes"];
  EXPECT_EQ(causes, nlohmann::json::parse(R"([
      {"number": 123, "reason": "IOIO", "detail": "io 0x3f8", "place": "f", "exits": 100.5,
       "cycles": 50},
      {"number": 1024, "reason": "NPF", "detail": "ram", "place": "<g>", "exits": 7}])"));
  EXPECT_FALSE(data_of({&records[2], 1})["cells"][0]["steps"][0].contains("causes"));
}

TEST(Page, AReasonThatATrialDidNotHaveHappenedNeverInIt) {
  std::vector<Record> records = {trial(0, 100), trial(1, 100), trial(2, 100)};
  records[1].steps[0].reasons.pop_back();
  const nlohmann::json reason = data_of(records)["cells"][0]["steps"][0]["reasons"][1]["exits"];
  EXPECT_EQ(reason, nlohmann::json::parse(R"({"median":7,"least":0,"most":7,"count":3})"));
}

TEST(Page, NoCountIsRounded) {
  const std::vector<Record> records = {trial(0, UINT64_MAX - 7)};
  EXPECT_EQ(data_of(records)["cells"][0]["steps"][0]["exits"]["median"], "18446744073709551615");
}

TEST(Page, TrialsThatDidNotPassAreListedAndNotCounted) {
  std::vector<Record> records = {trial(0, 100), trial(1, 900)};
  records[1].outcome = record::Outcome::guest_failed;
  const nlohmann::json data = data_of(records);
  EXPECT_EQ(data["cells"][0]["trials"], 1);
  EXPECT_EQ(data["trials"][1]["outcome"], "guest_failed");
  EXPECT_EQ(data["trials"][1]["console_tail"], "Kernel panic");
  EXPECT_THAT(data["trials"][1]["checks_failed"][0], HasSubstr("guest = host: 5 | -"));
  EXPECT_EQ(data["timelines"].size(), 2u);  // the newest passed one, and what did not pass
}

TEST(Page, TwoSidesOfEqualConditionsStayApart) {
  const std::vector<Record> records = {trial(0, 100), trial(1, 300)};
  const nlohmann::json data = nlohmann::json::parse(page_data({.records = records, .other = 1}));
  ASSERT_EQ(data["cells"].size(), 2u);
  EXPECT_EQ(data["cells"][0]["name"], "boot-count[paging=nested], before");
  EXPECT_EQ(data["cells"][1]["label"], "paging=nested, after");
  EXPECT_EQ(data["cells"][1]["steps"][0]["exits"]["median"], 307);
  EXPECT_FALSE(data.contains("answers"));
  EXPECT_THAT(data["notes"].dump(), HasSubstr("answers are given of one set"));
}

TEST(Page, ATimelineIsThinnedByAddingUp) {
  const record::Timeline timeline = *trial(0, 1).timeline;
  EXPECT_EQ(thinned(timeline, 3), timeline);
  const record::Timeline two = thinned(timeline, 2);
  ASSERT_EQ(two.samples.size(), 2u);
  EXPECT_EQ(two.samples[0], (record::Timeline::Sample{0.2, {3}}));
  EXPECT_EQ(two.samples[1], (record::Timeline::Sample{0.3, {4}}));
  EXPECT_EQ(samples_shown(1), record::Timeline::max_samples);
  EXPECT_LT(samples_shown(24) * 24, 25'000u);
}

TEST(Page, TheHistoryOfEachSiteIsALineOfItsOwn) {
  check::History history;
  for (int number = 0; number < 4; ++number) {
    Record record = trial(number, number % 2 == 0 ? 100 : 900);
    record.run = record.id;
    record.conditions["site"] = number % 2 == 0 ? "svm" : "kvm";
    history.add(record::to_counts(record));
  }
  const nlohmann::json series =
      nlohmann::json::parse(page_data({.title = "t", .history = &history}))["history"]["series"];
  ASSERT_EQ(series.size(), 2u);
  for (const auto& [place, site, exits] : {std::tuple{0, "kvm", 907}, std::tuple{1, "svm", 107}}) {
    EXPECT_EQ(series[place]["site"], site);
    EXPECT_EQ(series[place]["vendor"], "svm");
    ASSERT_EQ(series[place]["points"].size(), 2u);
    for (const nlohmann::json& point : series[place]["points"]) EXPECT_EQ(point["median"], exits);
  }
}

TEST(Page, IsFilledInWhereThereIsOne) {
  EXPECT_EQ(fill_page("a@TITLE@b@DATA@c", "T", "{}"), "aTb{}c");
  EXPECT_THAT([] { fill_page("", "T", "{}"); },
              testing::ThrowsMessage<base::Error>(HasSubstr("built without the report's page")));
  EXPECT_THROW(fill_page("a@TITLE@b", "T", "{}"), base::Error);
}

TEST(Page, NothingOfTheDataEndsTheScriptThatHoldsIt) {
  std::vector<Record> records = {trial(0, 1)};
  records[0].scenario = records[0].trial = "</script><script>window.hacked=1</script><!--&";
  records[0].outcome = record::Outcome::failed;
  records[0].console_tail = "\x1b[2J\u202e</SCRIPT>\xff";
  const std::string text = html({.title = "<b>&", .records = records});
  const std::size_t data = text.find("id=\"data\">"), end = text.find("</script>", data);
  const std::string inside = text.substr(data + 10, end - data - 10);
  EXPECT_THAT(inside, Not(HasSubstr("<")));
  EXPECT_THAT(text, Not(HasSubstr("\u202e")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("<title>&lt;b&gt;&amp;"));
  EXPECT_EQ(nlohmann::json::parse(inside)["trials"][0]["name"],
            "</script><script>window.hacked=1</script><!--&");
  EXPECT_EQ(nlohmann::json::parse(inside)["trials"][0]["console_tail"],
            "\\x1b[2J\\u{202E}</SCRIPT>\\xff");
}

Record page_saying(const std::string& said) {
  Record record = trial(0, 100);
  record.scenario = record.trial = record.site = record.message = record.console_tail = said;
  record.conditions[said] = said;
  record.conditions["node"] = said;
  record.checks = {{said, false, 5, std::nullopt, said}};
  record::Step& step = record.steps[0];
  step.name = step.output = said;
  step.reasons[0].name = step.reasons[0].category = said;
  step.causes = {{0x7b, said, said, 100, 50}};
  step.causes_lost.clear();
  record.timeline->milestones = {{said, 0}};
  return record;
}

check::History history_saying(const std::string& said) {
  check::History history;
  for (int number = 0; number < 12; ++number) {
    Record record = trial(number, number < 6 ? 100 : 9000);
    record.run = said + record.id;
    record.scenario = said;
    record.trial = said + "#1";
    record.steps[0].name = said;
    record.conditions["site"] = record.conditions["vendor"] = said;
    if (number >= 6) record.conditions[said] = said;
    if (number == 3) record.outcome = record::Outcome::failed;
    record::TrialCounts counts = record::to_counts(record);
    counts.id = said + counts.id;
    history.add(counts);
  }
  return history;
}

TEST(Page, TakesEveryClassOfCharacters) {
  for (const std::string& text : every_class) {
    const std::string said = "a" + text + "b";
    std::vector<Record> records = {page_saying(said), page_saying(said)};
    records[1].outcome = record::Outcome::guest_failed;
    check::Comparison comparison{.scenario = said, .a_name = said, .b_name = said, .site = said};
    comparison.conditions = {{said, said, said}};
    comparison.note = said;
    comparison.only_a = comparison.only_b = {said};
    comparison.rows = {{.step = said, .name = said}};
    comparison.causes = {{said, 1, 0x7b, said, said, said, 5, 7}};
    const check::History history = history_saying(said);
    ASSERT_FALSE(history.changes().empty());
    const Page page{.title = said,
                    .command = said,
                    .notes = {said},
                    .records = records,
                    .comparisons = {comparison},
                    .history = &history};
    expect_harmless_json(page_data(page), said);
    expect_not_raw(html(page), said);
  }
}

}  // namespace
}  // namespace lab::report
