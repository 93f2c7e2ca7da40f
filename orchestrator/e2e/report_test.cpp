// SPDX-License-Identifier: MIT
// Tests pages of real trials in a real browser: a page is whole or does not exist.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string markup =
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\"'&]]>";
const std::string escapes = "\x1b[2J\x1b]0;x\x07\u202eevil\u202c\u009b";

class Report : public LabTest {
 protected:
  Finished report(std::vector<std::string> arguments, const std::string& file) const {
    arguments.insert(arguments.begin(), "report");
    arguments.insert(arguments.end(), {"--store", store(), "-o", file});
    return lab(arguments);
  }

  std::vector<json> exported() const {
    const Finished run = lab({"results", "export", "--store", store()});
    std::istringstream lines(run.output);
    std::vector<json> records;
    for (std::string line; std::getline(lines, line);) records.push_back(json::parse(line));
    return records;
  }

  Finished import(const std::vector<json>& records) const {
    std::string lines;
    for (const json& record : records) lines += record.dump() + "\n";
    return lab({"results", "import", write("import.jsonl", lines).string(), "--store", store()});
  }
};

// Returns a record as a guest, a scenario's author or a damaged store may have made it.
json hostile(json record, int number) {
  record["id"] = "20261122T00000" + std::to_string(number) + ".000Z-00000bad";
  record.erase("run");
  record["trial"] = "evil " + markup + "#1";
  record["message"] = markup + escapes;
  record["console_tail"] = markup + "\n" + escapes + "\n";
  record["outcome"] = number % 2 == 0 ? "passed" : "guest_failed";
  record["conditions"]["image"] = markup;
  record["conditions"]["=cmd()"] = "=1+1";
  record["steps"][0]["name"] = markup;
  record["steps"][0]["output"] = escapes;
  record["steps"][0]["reasons"][0]["name"] = "=HYPERLINK(\"x\")" + markup;
  return record;
}

json minimal(int number, const std::string& outcome) {
  return {{"id", "20261121T00000" + std::to_string(number) + ".000Z-00000001"},
          {"scenario", "s"},
          {"trial", "s#1"},
          {"site", "svm"},
          {"repeat", 1},
          {"outcome", outcome},
          {"start_time", "2026-11-21T00:00:00.000Z"},
          {"conditions", {{"vendor", "svm"}}},
          {"steps", json::array()},
          {"checks", json::array()},
          {"timings", json::object()}};
}

TEST_F(Report, PagesOfRealTrialsAreRightInABrowser) {
  const fs::path scenario = fs::path(LAB_SOURCE_DIR) / "scenarios/paging.yaml";
  const Finished run = lab({"run", scenario.string(), "--store", store()});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const fs::path pages = folder() / "pages";
  fs::create_directory(pages);
  const auto page = [&](const std::string& name) { return (pages / name).string(); };
  const auto json_of = [&](std::vector<std::string> arguments, const std::string& name) {
    arguments.insert(arguments.end(), {"--store", store(), "--format", "json", "-o", page(name)});
    const Finished finished = lab(arguments);
    ASSERT_EQ(finished.exit_code, 0) << finished.errors;
  };
  ASSERT_EQ(report({"latest"}, page("run.html")).exit_code, 0);
  json_of({"results", "show", "--run", "latest"}, "run.json");
  ASSERT_EQ(report({"paging=nested", "paging=shadow", "--scenario", "paging"}, page("two.html"))
                .exit_code,
            0);
  json_of({"results", "show", "--run", "latest"}, "two.json");
  json_of({"compare", "paging=nested", "paging=shadow", "--scenario", "paging"},
          "two.compare.json");

  std::vector<json> odd;
  for (int number = 0; number < 4; ++number) odd.push_back(hostile(exported().front(), number));
  odd.push_back(minimal(5, "infrastructure"));
  odd.push_back(minimal(6, "incomplete"));
  const Finished imported = import(odd);
  ASSERT_EQ(imported.exit_code, 0) << imported.errors;
  ASSERT_EQ(report({"--history"}, page("history.html")).exit_code, 0);
  json_of({"results", "show", "--limit", "1000"}, "history.history.json");
  ASSERT_EQ(report({store()}, page("all.html")).exit_code, 0);
  json_of({"results", "show", "--limit", "1000"}, "all.json");

  const char* tests = LAB_SOURCE_DIR "/orchestrator/report/page/test/run";
  base::Command browser{.argv = {tests, LAB_BUILD_DIR "/report/test"}};
  browser.environment = {{"LAB_PAGES", pages.string()}};
  const base::Outcome looked = base::run(browser);
  EXPECT_EQ(looked.exit_code, 0) << looked.output << looked.errors;
  std::cout << looked.output;
}

TEST_F(Report, HostileTextIsTextInEveryFormat) {
  json record = minimal(1, "passed");
  record["steps"] = json::array(
      {{{"name", "boot"},
        {"exits", 7},
        {"reasons",
         json::array({{{"number", 0x7b}, {"name", "IOIO"}, {"category", "io"}, {"exits", 7}}})}}});
  ASSERT_EQ(import({hostile(record, 1), hostile(record, 2)}).exit_code, 0);
  for (const char* format :
       {"table", "json", "csv", "junit", "tap", "tap14", "markdown", "openmetrics"}) {
    const Finished shown =
        lab({"results", "show", "--limit", "9", "--store", store(), "--format", format});
    EXPECT_EQ(shown.exit_code, 0) << format << shown.errors;
    for (const char* raw : {"\x1b", "\x07", "\u202e", "\u009b"})
      EXPECT_THAT(shown.output, Not(HasSubstr(raw))) << format;
  }
  ASSERT_EQ(report({store()}, (folder() / "x.html").string()).exit_code, 0);
  const std::string page = contents(folder() / "x.html");
  EXPECT_THAT(page, Not(HasSubstr("<script>window.hacked")));
  EXPECT_THAT(page, HasSubstr("\\u003cscript\\u003ewindow.hacked"));
}

TEST_F(Report, IsWholeOrNotThere) {
  ASSERT_EQ(import({minimal(1, "passed")}).exit_code, 0);
  const fs::path file = folder() / "out" / "report.html";
  fs::create_directory(file.parent_path());
  base::Command cut{.argv = {"bash", "-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "bash",
                             LAB_BINARY, "report", store(), "-o", file.string()}};
  const base::Outcome failed = base::run(cut);
  EXPECT_EQ(failed.exit_code, 3) << failed.output;
  EXPECT_THAT(failed.errors, HasSubstr("report.html"));
  EXPECT_TRUE(fs::is_empty(file.parent_path()));
  const std::string before = "what was there";
  std::ofstream(file) << before;
  EXPECT_EQ(base::run(cut).exit_code, 3);
  EXPECT_EQ(contents(file), before);
}

TEST_F(Report, SaysWhatIsWrong) {
  const Finished none = report({}, "x.html");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.errors, HasSubstr("results.sqlite"));
  ASSERT_EQ(import({minimal(1, "passed")}).exit_code, 0);
  EXPECT_EQ(report({"20990101"}, "x.html").exit_code, 2);
  EXPECT_EQ(report({"--history", "--scenario", "other"}, "x.html").exit_code, 2);
  EXPECT_EQ(report({"latest", "--history"}, "x.html").exit_code, 2);
  const Finished nowhere = report({store()}, "/nonexistent/x.html");
  EXPECT_EQ(nowhere.exit_code, 3);
  EXPECT_THAT(nowhere.errors, HasSubstr("/nonexistent/x.html"));
}

TEST_F(Report, TopSaysWhenThereIsNothing) {
  // Filters, as guests of other tests may run.
  const Finished top = lab({"top", "--filter", "of nobody", "--count", "1", "--delay", "0.5"});
  EXPECT_EQ(top.exit_code, 4);
  EXPECT_THAT(top.errors, HasSubstr("in a trial of the name 'of nobody'"));
  EXPECT_THAT(top.errors, HasSubstr("hint: lab run SCENARIO"));
}

}  // namespace
}  // namespace lab::e2e
