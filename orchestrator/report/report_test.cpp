// SPDX-License-Identifier: MIT
#include "orchestrator/report/report.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <set>
#include <sstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/report/answers/answers.hpp"
#include "orchestrator/report/every_class.hpp"
#include "orchestrator/report/formats/junit.hpp"
#include "orchestrator/report/golden_file.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Outcome;
using record::Record;
using testing::HasSubstr;

Record passed() {
  Record record;
  record.start_time =
      std::chrono::system_clock::time_point(std::chrono::milliseconds(1763696472123));
  record.id = record::make_id(record.start_time, 0x3fa29c01);
  record.scenario = "boot-count";
  record.trial = "boot-count[paging=nested]#1";
  record.site = "svm";
  record.outcome = Outcome::passed;
  record.conditions = {{"site", "svm"},
                       {"emulated", "true"},
                       {"vendor", "svm"},
                       {"cpu_model", "AMD EPYC Processor"},
                       {"outer_kernel", "6.1.0-56-amd64"},
                       {"patch_version", "1-0123456789ab"},
                       {"image", "debian-12"},
                       {"guest_kernel", "6.1.0-56-cloud-amd64"},
                       {"vcpus", "1"},
                       {"memory", "768 MiB"},
                       {"paging", "nested"},
                       {"layout", "descending"},
                       {"console", "quiet"}};
  const exits::StepCounts boot{180123,
                               98765432101,
                               {{0x72, 2983, 31234567},
                                {0x7b, 100406, 65432109876},
                                {0x7c, 50803, 25432109876},
                                {0x400, 25930, 9876543210},
                                {0x89, 1, 12345}},
                               1021,
                               true};
  const exits::StepCounts idle{60, 70000, {{0x72, 49, 50000}, {0x78, 11, {}}}, 49, true};
  record.steps = {record::make_step("boot", exits::Vendor::svm, boot),
                  record::make_step("idle", exits::Vendor::svm, idle)};
  record.checks = {{"sum of reasons = total", true, 180123, 180123, "sum of the reasons; total"},
                   {"expect boot total", true, 180123, 5000000, "at least 10000, at most 5000000"}};
  record.host = {exits::Scope::vm,
                 {180190, 98765502101, 98775502101, 12, 0},
                 0,
                 {{{60, 70000, 80000, 12, 0}, 0x72, "CPUID", 0, {{10, 60}}}},
                 {{0, 180190, 98765502101, 98775502101, 180190, {}}}};
  // As in real trials, the whole takes longer than the sum of its recorded parts.
  using Phase = record::Phase::Kind;
  record.timings = {{{Phase::other, "job disk"}, 0.4},
                    {{Phase::outer_vm}, 2.1},
                    {{Phase::modules}, 0.3},
                    {{Phase::start}, 1.9},
                    {{Phase::step, "boot"}, 66.25},
                    {{Phase::step, "idle"}, 10.1},
                    {{Phase::self_check}, 0.2},
                    {{Phase::cleanup}, 0.5},
                    {{Phase::trial}, 79.25}};
  return record;
}

Record failed() {
  Record record = passed();
  record.id = record::make_id(record.start_time, 0xffffffff);
  record.trial = "boot-count[paging=shadow]#2";
  record.site = "here";
  record.outcome = Outcome::failed;
  record.conditions["emulated"] = "false";
  record.conditions["vcpus"] = "2";
  record.message = "guest and host disagree";
  record.steps[0].reasons[2].cycles.reset();
  record.steps[0].clean = false;
  record.steps[0].reader_exits_complete = false;
  record.steps[1] = {
      .name = "evil", .exit_code = 3, .output = "red \x1b[31m bell\a\nrtl \u202e x\xff\n"};
  record.checks[0] = {"guest = host",
                      false,
                      180123,
                      std::nullopt,
                      "guest's last snapshot; host at the same moment; CR_ACCESS (28): guest 0, "
                      "host 4",
                      "3 other exits came between the reads after the step (INTR 2)"};
  record.console_tail = "[    1.0] <boot> & \"quotes\"\r\n\x1b]0;title\a[    2.0] panic\r\n";
  return record;
}

const std::vector<Record> both = {passed(), failed()};

std::string list_of(const std::vector<Record>& records) {
  std::vector<record::Row> rows;
  for (const Record& record : records) rows.push_back(to_row(record));
  return list(rows);
}

TEST(Report, Table) {
  expect_golden("table.txt", table(both));
  expect_golden("table_colour.txt", table(passed(), {true}));
}

TEST(Report, List) {
  expect_golden("list.txt", list_of(both));
}
TEST(Report, Csv) {
  expect_golden("trials.csv", csv(both));
}
TEST(Report, Junit) {
  expect_golden("junit.xml", junit(both));
}
TEST(Report, Tap) {
  expect_golden("trials.tap", tap(both));
}
TEST(Report, Tap14SaysSoAndDoublesBackslashes) {
  Record record = passed();
  record.trial = "a\\b #c";
  const std::string text = tap({&record, 1}, {}, 14);
  EXPECT_THAT(text, testing::StartsWith("TAP version 14\n1..1\n"));
  EXPECT_THAT(text, HasSubstr("ok 1 - a\\\\b \\#c\n"));
  EXPECT_THAT(tap({&record, 1}), HasSubstr("ok 1 - a\\b \\#c\n"));
}
TEST(Report, Markdown) {
  expect_golden("trials.md", markdown(both));
}
TEST(Report, MarkdownOfTheGuestStaysText) {
  Record record = failed();
  record.message = "<script>alert(1)</script> | [x](http://y) `z` www.evil.example";
  record.console_tail = "```\n</details>\n````\n";
  const std::string text = markdown({&record, 1});
  EXPECT_THAT(text, HasSubstr("\\<script\\>alert\\(1\\)\\</script\\> \\| \\[x\\]"));
  EXPECT_THAT(text, HasSubstr("http\\://y"));
  EXPECT_THAT(text, HasSubstr("www\\.evil.example"));
  EXPECT_THAT(text, HasSubstr("\n`````\n```\n</details>\n````\n`````\n"));
}
TEST(Report, OpenMetrics) {
  expect_golden("trials.prom", openmetrics(both));
}
TEST(Report, OpenMetricsHaveEachSeriesOnceAndEscapeLabels) {
  Record odd = passed();
  odd.scenario = "a\"b\\c\n";
  const std::vector<Record> records = {odd, passed(), passed(), failed()};
  std::istringstream lines(openmetrics(records));
  std::set<std::string> series;
  std::string last;
  for (std::string line; std::getline(lines, line); last = line)
    if (line[0] != '#') {
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
  EXPECT_EQ(last, "# EOF");
  EXPECT_TRUE(series.contains(R"(lab_trials{scenario="a\"b\\c\\x0a",outcome="passed"})"))
      << testing::PrintToString(series);
}
TEST(Report, OpenMetricsNameACellTheSameWhateverElseIsThere) {
  Record later = passed();
  later.conditions["console"] = "verbose";
  later.steps[0].exits = 555;
  const std::vector<Record> records = {passed(), later};
  EXPECT_THAT(openmetrics(records),
              HasSubstr("lab_exits{scenario=\"boot-count\",cell=\"boot-count[paging=nested]\","
                        "site=\"svm\",step=\"boot\"} 555\n"));
}
TEST(Report, CsvThatASpreadsheetOpensHasNoFormulas) {
  Record record = passed();
  record.scenario = "=HYPERLINK(\"http://x\")";
  record.trial = "@SUM(1)";
  record.steps[0].name = "-2+3";
  record.steps[1].name = "+cmd|' /C calc'!A0";
  const std::string text = csv({&record, 1});
  EXPECT_THAT(text, HasSubstr(",\"'=HYPERLINK(\"\"http://x\"\")\",'@SUM(1),"));
  EXPECT_THAT(text, HasSubstr(",'-2+3,"));
  EXPECT_THAT(text, HasSubstr(",'+cmd|' /C calc'!A0,"));
}
TEST(Report, Json) {
  expect_golden("trials.json", json(both));
}

TEST(Report, LinesFitTheTerminal) {
  std::istringstream text(table(both));
  for (std::string line; std::getline(text, line);) EXPECT_LE(width(line), 80u) << line;
}

TEST(Columns, AlignTheirCellsAndEndWithoutBlanks) {
  Columns columns({{.gap = 0}, {on_right}, {.gap = 1}});
  const std::vector<std::string> rows[] = {{"name", "exits"}, {"é", "1,234,567", "note"}};
  for (const auto& row : rows) columns.measure(row);
  EXPECT_EQ(columns.line(rows[0]), "name      exits");
  EXPECT_EQ(columns.line(rows[1]), "é     1,234,567 note");
  EXPECT_EQ(columns.line({"a", "1", "b", "beyond the last column"}), "a             1 b");
}

TEST(Columns, InkTakesNone) {
  const Columns columns({{on_right, 4, 0}, {}});
  EXPECT_EQ(columns.line({ink({.colour = true}, Ink::green, "yes"), "kvm"}),
            " \x1b[32myes\x1b[0m  kvm");
}

TEST(Columns, AreClippedToTheLine) {
  Columns columns({{.gap = 0, .most = 6}, {on_right}});
  const std::vector<std::string> row{"a long name", "12345"};
  columns.measure(row);
  EXPECT_EQ(columns.line(row), "a lon…  12345");
  columns.fit(0, 2, 11);
  EXPECT_EQ(columns.line(row), "a l…  12345");
  columns.fit(0, 3, 5);
  EXPECT_EQ(columns.line(row), "a …  12345");
}

TEST(Report, WideNumbersTakeTheNamesRoom) {
  Record record = passed();
  for (record::Reason& reason : record.steps[0].reasons) {
    reason = {0x402, "AVIC_UNACCELERATED_ACCESS", "apic", 100, 1234567890123456};
  }
  std::istringstream text(table(record));
  for (std::string line; std::getline(text, line);) EXPECT_LE(width(line), 80u) << line;
}

TEST(Report, NothingRawFromTheGuestReachesTheTerminal) {
  Record record = failed();
  record.message = record.trial = record.site = record.checks[0].name = "\x1b[2J\u202e\x9b\n";
  record.conditions["guest_kernel"] = record.steps[0].reasons[0].name = "\x1b]0;x\a";
  const std::vector<Record> records = {record};
  for (Format format : {Format::table, Format::csv, Format::junit, Format::tap, Format::tap14,
                        Format::json, Format::markdown, Format::openmetrics}) {
    const std::string text = render(format, records);
    for (char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << int(c);
    EXPECT_EQ(text.find("\u202e"), std::string::npos);
    EXPECT_EQ(text.find("\u009b"), std::string::npos);
  }
  const std::string text = list_of(records);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

Record saying(const std::string& said, Record record = failed()) {
  record.message = record.trial = record.scenario = record.console_tail = said;
  record.checks[0].name = record.checks[0].detail = said;
  record.conditions["guest_kernel"] = said;
  record.conditions[said] = said;
  record.steps[1].name = record.steps[1].output = said;
  record.steps[0].reasons[0].name = record.steps[0].reasons[0].category = said;
  record.steps[0].causes = {{0x72, said, said, 2983, 5}};
  record.timeline = {{0x72}, {{0.1, {1}}, {0.2, {9}}, {0.3, {4}}}, {{said, 0}}};
  return record;
}

TEST(Report, EveryFormatTakesEveryClassOfCharacters) {
  for (const std::string& text : every_class) {
    const std::string said = "a" + text + "b";
    const std::vector<Record> records = {saying(said), saying(said, passed())};
    const std::vector<record::RelationResult> relations = {
        {.scenario = said, .text = said, .ok = false, .detail = said}};
    for (Format format : {Format::table, Format::csv, Format::junit, Format::tap, Format::tap14,
                          Format::markdown, Format::openmetrics})
      expect_harmless(render(format, records, {}, relations), said);
    expect_harmless_json(render(Format::json, records, {}, relations), said);
    expect_harmless(list_of(records), said);
    expect_harmless(answers(records), said);
  }
}

// All classes are in one document.
TEST(Report, JunitIsXmlWhateverTheGuestSays) {
  if (!have_xmllint()) GTEST_SKIP() << "xmllint is not there";
  std::vector<Record> records;
  for (const std::string& text : every_class) records.push_back(saying("a" + text + "b"));
  EXPECT_TRUE(is_strict_xml(junit(records)));
}

// JUnit readers take the second of two equal test cases for a retry of the first.
TEST(Report, JunitHasNoTestCaseTwiceInASuite) {
  std::vector<Record> records(4, passed());
  records[1].trial = records[3].trial = "boot-count[paging=nested]#2";  // two runs of two trials
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(junit(records).c_str()));
  const auto suites = document.child("testsuites").children("testsuite");
  EXPECT_EQ(std::distance(suites.begin(), suites.end()), 2);
  for (const pugi::xml_node suite : suites) {
    std::set<std::string> names;
    for (const pugi::xml_node test : suite.children("testcase"))
      EXPECT_TRUE(names.insert(test.attribute("name").value()).second);
    EXPECT_EQ(suite.attribute("tests").as_uint(), names.size());
  }
  records.resize(2);
  records[0].run = "a", records[1].run = "b";  // other trials of another run are another suite
  ASSERT_TRUE(document.load_string(junit(records).c_str()));
  EXPECT_EQ(document.select_nodes("//testsuite").size(), 2u);
}

std::vector<std::string> test_names(const std::string& text) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(text.c_str()));
  std::vector<std::string> names;
  for (const pugi::xpath_node test : document.select_nodes("//testcase"))
    names.emplace_back(test.node().attribute("name").value());
  return names;
}

TEST(Report, JunitTellsEqualRelationsApartByTheirBounds) {
  const std::vector<record::RelationResult> relations = {
      {.scenario = "s", .text = "a / b", .min = 2},
      {.scenario = "s", .text = "a / b", .max = 3.5},
      {.scenario = "s", .text = "a / c", .min = 2},
      {.scenario = "t", .text = "a / b", .min = 2}};
  EXPECT_THAT(test_names(junit({}, relations)),
              testing::ElementsAre("relation a / b, at least 2", "relation a / b, at most 3.5",
                                   "relation a / c", "relation a / b"))
      << "another scenario's has another class";
}

TEST(Report, JunitNumbersWhatNothingTellsApart) {
  const std::string escape = "a\x1b", shown = "a\\x1b";
  const JUnitSuite suite{.name = "s",
                         .tests = {{.scenario = "s", .name = "a", .distinction = "svm"},
                                   {.scenario = "s", .name = "a", .distinction = "svm"},
                                   {.scenario = "s", .name = "a, svm"},
                                   {.scenario = "s", .name = escape},
                                   {.scenario = "s", .name = shown}}};
  EXPECT_THAT(test_names(junit_document("s", {suite})),
              testing::ElementsAre("a, svm", "a, svm (2)", "a, svm (3)", shown, shown + " (2)"));
}

TEST(Report, JunitTakesTheSuitesOfOtherDocuments) {
  const std::vector<std::filesystem::path> files = {testing::TempDir() + "first.xml",
                                                    testing::TempDir() + "second.xml"};
  for (const auto& file : files) std::ofstream(file) << junit(both);
  const JUnitSuite own{
      .name = "own",
      .tests = {{.scenario = "s", .name = "a", .seconds = 1.5},
                {.scenario = "s", .name = "b", .problem = JUnitProblem{true, "", "", ""}},
                {.scenario = "s", .name = "c", .problem = JUnitProblem{false, "", "", ""}}}};
  pugi::xml_document one, all;
  ASSERT_TRUE(one.load_string(junit(both).c_str()));
  ASSERT_TRUE(all.load_string(junit_document("all", {own}, files).c_str()));
  const pugi::xml_node root = all.child("testsuites"), part = one.child("testsuites");
  EXPECT_STREQ(root.attribute("name").value(), "all");
  EXPECT_EQ(root.attribute("tests").as_int(), 2 * part.attribute("tests").as_int() + 3);
  EXPECT_EQ(root.attribute("failures").as_int(), 2 * part.attribute("failures").as_int() + 1);
  EXPECT_EQ(root.attribute("errors").as_int(), 2 * part.attribute("errors").as_int() + 1);
  EXPECT_NEAR(root.attribute("time").as_double(), 2 * part.attribute("time").as_double() + 1.5,
              0.001);
  EXPECT_STREQ(root.last_child().attribute("name").value(), "own");
  // The guest's text is unchanged.
  const auto said = [](const pugi::xml_node& node) {
    return std::string(node.select_node("//system-out").node().text().get());
  };
  EXPECT_FALSE(said(part).empty());
  EXPECT_EQ(said(root), said(part));

  std::ofstream(files[1]) << "<testsuites><testsuite";
  EXPECT_THROW(junit_document("all", {own}, files), base::Error);
  EXPECT_THROW(junit_document("all", {own}, {"/no/such/file"}), base::Error);
}

TEST(Report, RelationsStandAfterTheTrials) {
  const std::vector<record::RelationResult> relations = {
      {.scenario = "paging",
       .text = "NPF of boot: a=1 / a=2",
       .ok = true,
       .left = 1200,
       .right = 400,
       .ratio = 3,
       .min = 2,
       .detail = "at least 2; medians of 1 and 1 passed trials"},
      {.scenario = "paging",
       .text = "total of boot: a=1 / a=2",
       .ok = false,
       .left = 5,
       .right = 400,
       .ratio = 0.0125,
       .min = 2,
       .detail = "at least 2; medians of 1 and 1 passed trials"},
      {.scenario = "paging",
       .text = "MSR of boot: a=1 / a=2",
       .left = 5,
       .detail = "at least 2; medians of 1 and 0 passed trials"}};
  expect_golden("relations.txt", report::relations(relations));
  EXPECT_THAT(render(Format::table, both, {}, relations), HasSubstr("relations\n  ✓ NPF"));
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(junit(both, relations).c_str()));
  EXPECT_EQ(document.select_nodes("//testcase").size(), 5u);
  EXPECT_EQ(document.select_nodes("//failure").size(), 2u);
  EXPECT_EQ(document.select_nodes("//error").size(), 1u);
  EXPECT_THAT(tap(both, relations), HasSubstr("1..5\n"));
  EXPECT_THAT(tap(both, relations), HasSubstr("not ok 5 - relation MSR of boot"));
  EXPECT_EQ(nlohmann::json::parse(json(both, relations))["relations"].size(), 3u);
  EXPECT_EQ(report::relations({}), "");
}

TEST(Report, MachineFormatsParse) {
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(junit(both).c_str()));
  EXPECT_EQ(document.select_nodes("//testcase").size(), 2u);
  EXPECT_EQ(document.select_nodes("//failure").size(), 1u);
  EXPECT_EQ(nlohmann::json::parse(json(both))["trials"].size(), 2u);
  EXPECT_EQ(record::from_document(json({})).size(), 0u);
  EXPECT_THAT(tap({}), HasSubstr("1..0"));
}

TEST(Report, EmptyRecordIsShownToo) {
  const Record empty;
  EXPECT_THAT(table(empty), HasSubstr("incomplete"));
  EXPECT_THAT(csv({&empty, 1}), HasSubstr("incomplete"));
  EXPECT_THAT(list({}), HasSubstr("outcome"));
}

TEST(Text, Printable) {
  EXPECT_EQ(printable("a\tb\n"), "a\\x09b\\x0a");
  EXPECT_EQ(printable("a\tb\r\nc\rd", true), "a\tb\nc\\x0dd");
  EXPECT_EQ(printable("é€😀"), "é€😀");
  EXPECT_EQ(printable("\xc2\x9b\x7f"), "\\x9b\\x7f");
  EXPECT_EQ(printable("\xff\xc0\x80\xe2\x82"), "\\xff\\xc0\\x80\\xe2\\x82");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\ufdd0\ufffe\uffff\U0010ffff"),
            "\\u{FDD0}\\u{FFFE}\\u{FFFF}\\u{10FFFF}");  // no characters
  EXPECT_EQ(printable("\u202e\u2066\u200b\ufeff"), "\\u{202E}\\u{2066}\\u{200B}\\u{FEFF}");
}

TEST(Text, Numbers) {
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(1000), "1,000");
  EXPECT_EQ(thousands(UINT64_MAX), "18,446,744,073,709,551,615");
  EXPECT_EQ(clip("ééééé", 3), "éé…");
  EXPECT_EQ(wrap("aa bb cc", 2, 7), "  aa bb\n  cc\n");
}

}  // namespace
}  // namespace lab::report
