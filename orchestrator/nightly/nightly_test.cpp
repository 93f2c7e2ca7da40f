// SPDX-License-Identifier: MIT
// Tests nights without trials: a fake lab makes up records and the results of its checks.
// e2e/nightly_test.cpp tests whole nights.
#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/nightly/night.hpp"
#include "orchestrator/report/every_class.hpp"
#include "orchestrator/store/generated.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::nightly {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* hostile = "<b>&\"' \x1b[31m ]]> |";

class Night : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
    return folder_.path() / name;
  }

  Config config(const std::string& text) const {
    return read_config(write("nightly.conf", text), sites_, {});
  }

  // Returns the error of a refused configuration, with its hint.
  std::string refusal(const std::string& text) const {
    try {
      config(text);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      return std::string(error.what()) + "\n" + error.hint();
    }
    return "";
  }

  static std::string word_after(const Words& words, const std::string& option) {
    const auto found = std::ranges::find(words, option);
    return found == words.end() || found + 1 == words.end() ? "" : *(found + 1);
  }

  // Inserts a trial of this run, or of a new one; returns the run's id.
  std::string insert(const std::string& run, const std::string& store, const std::string& name) {
    record::Record record = records_.next();
    record.run = run.empty() ? record.id : run;
    record.scenario = name;
    store::Store(store).insert(record);
    return record.run;
  }

  // Fakes lab: `ran` and `checked` are exit codes by scenario; a run inserts records unless its
  // scenario is in `no_trials`.
  int lab(const Words& words) {
    calls_.push_back(words);
    const std::string name = fs::path(words.at(1)).stem();
    const std::string output = word_after(words, "-o");
    if (words[0] == "run") {
      if (name == "boot") return sites_that_work_.contains(word_after(words, "--on")) ? 0 : 3;
      if (write_instead_of_out_) {
        fs::remove_all(out_);
        std::ofstream(out_) << "a file";
      }
      if (!no_trials_.contains(name)) {
        last_run_ = insert("", word_after(words, "--store"), name);
        std::ofstream(output) << "<testsuites><testsuite name='" << name
                              << "' tests='1' failures='0' errors='0' time='2.500'>"
                                 "<testcase classname='a' name='b' time='2.500'/>"
                                 "</testsuite></testsuites>";
      }
      if (name == stops_in_) stopped_ = true;
      return ran_.contains(name) ? ran_[name] : 0;
    }
    if (words[0] == "check") {
      if (confirms_) insert("confirm-" + last_run_, word_after(words, "--store"), name);
      std::ofstream(output) << R"({"schema": 1, "findings": ["cell: more: )" << finding_
                            << R"("]})";
      return checked_.contains(name) ? checked_[name] : 0;
    }
    std::ofstream(output) << "<html></html>";
    return 0;
  }

  Outcome night(const Config& config) {
    const base::TemporaryFolder work(folder_.path(), "work");
    return run_night(config,
                     {.out = out_,
                      .store = folder_.path() / "n.sqlite",
                      .work = work.path(),
                      .boot_scenario = "boot.yaml"},
                     {.lab = [this](const Words& words) { return lab(words); },
                      .stopped = [this] { return stopped_; },
                      .say = [this](const std::string& text) { said_ += text + "\n"; },
                      .version = "lab 1"});
  }

  Outcome night() { return night(config("site = svm\nscenario = good.yaml\n")); }

  std::string artefact(const std::string& name) const { return base::read_file(out_ / name); }

  base::TemporaryFolder folder_{testing::TempDir(), "nightly"};
  const fs::path out_ = folder_.path() / "out";
  Words sites_;
  store::GeneratedRecords records_{100, 3};
  std::vector<Words> calls_;
  std::map<std::string, int> ran_, checked_;
  std::set<std::string> no_trials_, sites_that_work_;
  std::string stops_in_, finding_ = "IOIO of boot", last_run_, said_;
  bool stopped_ = false, confirms_ = false, write_instead_of_out_ = false;
};

TEST_F(Night, ReadsAConfiguration) {
  const Config read = config(
      "# nothing\n\n site=auto 'my site'\nsite = ignored\noptions = --retry 1\n"
      "scenario = \"a b/one.yaml\" --set 'x=1 2'\nscenario = /two\ncheck = --across host\n"
      "without_baseline = report\n");
  EXPECT_THAT(read.sites, ElementsAre("auto", "my site"));
  EXPECT_EQ(read.scenarios.at(0).file, folder_.path() / "a b/one.yaml");
  EXPECT_EQ(read.scenarios.at(0).name, "one");
  EXPECT_THAT(read.scenarios.at(0).options, ElementsAre("--set", "x=1 2"));
  EXPECT_EQ(read.scenarios.at(1).file, "/two");
  EXPECT_THAT(read.check_options, ElementsAre("--across", "host"));
  EXPECT_FALSE(read.needs_baseline);
  const Config more = read_config(folder_.path() / "nightly.conf", {"svm"}, {"-j", "2"});
  EXPECT_THAT(more.sites, ElementsAre("svm"));
  EXPECT_THAT(more.options, ElementsAre("--retry", "1", "-j", "2"));
}

TEST_F(Night, RefusesAConfigurationByLineValueAndRemedy) {
  EXPECT_THAT(refusal("\nsight = svm\n"),
              AllOf(HasSubstr("nightly.conf:2: unknown key 'sight'"),
                    HasSubstr("site, scenario, without_baseline, options, check")));
  EXPECT_THAT(refusal("svm\n"), HasSubstr("nightly.conf:1: no 'KEY = VALUE': svm"));
  EXPECT_THAT(refusal("without_baseline = pass\n"),
              AllOf(HasSubstr("nightly.conf:1: without_baseline is report or fail, not 'pass'"),
                    HasSubstr("exit code 4")));
  EXPECT_THAT(
      refusal("scenario = 'a.yaml\n"),
      AllOf(HasSubstr("nightly.conf:1: quotes do not match"), HasSubstr("close the quote")));
  EXPECT_THAT(refusal("scenario =\n"), HasSubstr("nightly.conf:1: no scenario"));
  EXPECT_THAT(refusal("scenario = a.yaml\nscenario = b/a.yaml\n"),
              AllOf(HasSubstr("nightly.conf:2: 'a' is there twice"), HasSubstr("extends")));
  EXPECT_THAT(refusal("scenario = 'a;b.yaml'\n"),
              AllOf(HasSubstr("nightly.conf:1: 'a;b' has other characters"), HasSubstr("rename")));
  for (const char* end : {"\r", "\xc2\x85", "\xe2\x80\xa8"})
    EXPECT_THAT(
        refusal(std::string("site = svm\nscenario = a.yaml\n# note") + end + "scenario = b.yaml\n"),
        AllOf(HasSubstr("nightly.conf:3:7: "), HasSubstr("is no end of a line here")))
        << end;
  EXPECT_THAT(refusal("site = svm\n"), HasSubstr("names no scenario"));
  EXPECT_THAT(refusal("scenario = a.yaml\n"), HasSubstr("names no site"));
  EXPECT_THROW(read_config(folder_.path() / "none.conf", {}, {}), base::Error);
}

TEST_F(Night, LinesMayEndAsWindowsWritesThem) {
  EXPECT_EQ(config("site = svm\r\nscenario = a.yaml\r\n").sites, Words{"svm"});
}

TEST_F(Night, TakesTheFirstSiteOnWhichAGuestBoots) {
  sites_that_work_ = {"kvm"};
  const Outcome outcome = night(config("site = auto kvm svm\nscenario = good.yaml\n"));
  EXPECT_THAT(outcome.summary, HasSubstr("(not working here: auto)"));
  EXPECT_THAT(calls_.at(2), Contains("kvm"));
  calls_.clear();
  sites_that_work_.clear();
  night(config("site = auto svm\nscenario = good.yaml\n"));
  EXPECT_THAT(calls_.at(1), Contains("svm"));  // the last one without trying
}

TEST_F(Night, EveryOutcomeOfAScenario) {
  for (const char* name : {"good", "more", "failed", "none", "nothing"})
    write(std::string(name) + ".baseline.json", "{}");
  ran_ = {{"failed", 5}, {"none", 2}, {"crashed", 139}};
  checked_ = {{"more", 1}};
  no_trials_ = {"none", "nothing", "crashed"};
  const std::string lines =
      "site = svm\nscenario = good.yaml\nscenario = more.yaml\nscenario = failed.yaml\n"
      "scenario = none.yaml\nscenario = nothing.yaml\nscenario = crashed.yaml\n"
      "scenario = bare.yaml\n";
  const Outcome failing = night(config(lines));
  EXPECT_EQ(failing.exit_code, 3);
  EXPECT_THAT(failing.summary,
              AllOf(HasSubstr("| good | passed | passed | 0 |"),
                    HasSubstr("| more | passed | more exits, or an expectation failed | 1 |"),
                    HasSubstr("| failed | the guest failed | passed | 5 |"),
                    HasSubstr("| none | wrong input | no, there are no trials | 2 |"),
                    HasSubstr("| nothing | passed | no, there are no trials | 3 |"),
                    HasSubstr("| crashed | the machinery failed | no, there are no trials | 3 |"),
                    HasSubstr("| bare | passed | no, it has no baseline | 4 |")));
  EXPECT_THAT(night(config(lines + "without_baseline = report\n")).summary,
              HasSubstr("| bare | passed | no, it has no baseline | 0 |"));
}

TEST_F(Night, WhatIsStoppedIsNotCheckedAndTheRestIsNotRun) {
  write("good.baseline.json", "{}");
  stops_in_ = "good";
  const Outcome outcome =
      night(config("site = svm\nscenario = good.yaml\nscenario = other.yaml\n"));
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.summary, AllOf(HasSubstr("| good | passed | no, stopped | 130 |"),
                                     HasSubstr("| other | stopped | no, it did not run | 130 |")));
  for (const Words& call : calls_) EXPECT_NE(call[0], "check");
  EXPECT_THAT(artefact("verdict.json"), HasSubstr("\"exit_code\": 130"));
}

TEST_F(Night, AnAlarmNamesItsFirstRunAndClosesWhenTheChangeHasGone) {
  write("good.baseline.json", "{}");
  const auto ending_with = [&](int code) {
    checked_["good"] = code;
    return night().summary;
  };
  EXPECT_THAT(ending_with(0), Not(HasSubstr("since run")));
  const std::string second = ending_with(1), first = last_run_;
  const std::string since_first = "**good**: more exits since run " + first + ".";
  EXPECT_THAT(second, HasSubstr(since_first));
  EXPECT_THAT(ending_with(1), HasSubstr(since_first));
  EXPECT_NE(last_run_, first);
  EXPECT_THAT(ending_with(4), Not(HasSubstr("since run")));  // it cannot be told
  const std::string fifth = ending_with(0);
  EXPECT_THAT(fifth, HasSubstr("**good**: back to normal since run " + last_run_ +
                               "; it had more exits since run " + first + "."));
  EXPECT_THAT(artefact("verdict.json"),
              HasSubstr("\"since\": \"back to normal since run " + last_run_));
  EXPECT_THAT(ending_with(0), Not(HasSubstr("since run")));
}

TEST_F(Night, WhatALabCannotReadOrWriteKeepsNoOtherScenarioFromBeingRun) {
  for (const char* name : {"good", "other"}) write(std::string(name) + ".baseline.json", "{}");
  checked_["good"] = 1;
  write("n.sqlite.alarms", "a file where the alarms' folder would be");
  const Outcome outcome =
      night(config("site = svm\nscenario = good.yaml\nscenario = other.yaml\n"));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(said_, AllOf(HasSubstr("error: good: "), HasSubstr("other: passed\n")));
}

TEST_F(Night, OptionsGoToEveryRunAndCheckWhichAreKnownBeforehand) {
  write("good.baseline.json", "{}");
  const Config read =
      config("site = svm\nscenario = good.yaml --own\noptions = --all\ncheck = --checks\n");
  night(read);
  EXPECT_THAT(calls_.at(0), AllOf(Contains("--own"), Contains("--all"), Not(Contains("--checks"))));
  EXPECT_THAT(calls_.at(1), AllOf(Contains("--own"), Contains("--all"), Contains("--checks"),
                                  Contains(last_run_)));
  const std::vector<Words> known = commands(read, {.store = folder_.path() / "n.sqlite"});
  ASSERT_EQ(known.size(), 2u);
  for (std::size_t i = 0; i < known.size(); ++i) {
    Words words = calls_.at(i);
    std::ranges::replace(words, last_run_, "latest");
    std::ranges::replace(words, word_after(words, "-o"), word_after(known[i], "-o"));
    EXPECT_EQ(words, known[i]);
  }
}

TEST_F(Night, JUnitHasTheRunsSuitesAndEscapesWhatIsFound) {
  write("good.baseline.json", "{}");
  checked_["good"] = 1;
  finding_ = R"(<b>&' \u001b[31m ]]> |)";
  const Outcome outcome = night();
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(artefact("junit.xml").c_str()));
  const pugi::xml_node all = document.child("testsuites");
  EXPECT_EQ(all.attribute("tests").as_int(), 2);
  EXPECT_EQ(all.attribute("failures").as_int(), 1);
  EXPECT_DOUBLE_EQ(all.attribute("time").as_double(), 2.5);
  EXPECT_TRUE(all.find_child_by_attribute("testsuite", "name", "good"));
  const pugi::xml_node failure = all.find_child_by_attribute("testsuite", "name", "nightly")
                                     .child("testcase")
                                     .child("failure");
  EXPECT_STREQ(failure.attribute("type").value(), "1");
  EXPECT_STREQ(failure.text().get(), "cell: more: <b>&' \\x1b[31m ]]> |\n");
  EXPECT_THAT(outcome.summary, HasSubstr("    cell: more: <b>&' \\x1b[31m ]]> |\n"));
}

// Makes up a night in which everybody else's text is `said`; scenarios' names are checked.
Outcome night_saying(const std::string& said) {
  record::Record trial = store::GeneratedRecords(1, 3).next();
  trial.scenario = trial.trial = trial.site = trial.message = trial.console_tail = said;
  trial.outcome = record::Outcome::failed;
  trial.conditions[said] = said;
  const nlohmann::json check = {{"findings", {said}}, {said, 1}};
  return {
      .version = "lab 1",
      .site = said,
      .not_working = {said},
      .results = {{.name = "good",
                   .run = said,
                   .since = said,
                   .check = check.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                   .findings = {said}}},
      .trials = {trial}};
}

TEST_F(Night, EveryTextTakesEveryClassOfCharacters) {
  for (const std::string& text : report::every_class) {
    const std::string said = "a" + text + "b";
    const Outcome outcome = night_saying(said);
    const std::string of_run = write("junit.xml", report::junit(outcome.trials));
    report::expect_harmless(junit_text(outcome, {of_run}), said);
    report::expect_harmless_json(verdict_text(outcome), said);
    report::expect_harmless(metrics_text(outcome), said);
    report::expect_harmless(summary_text(outcome), said);
  }
}

TEST_F(Night, JUnitIsXmlWhateverIsFound) {
  if (!report::have_xmllint()) GTEST_SKIP() << "xmllint is not there";
  std::vector<fs::path> of_runs;
  Outcome all;
  for (const std::string& text : report::every_class) {
    const Outcome outcome = night_saying("a" + text + "b");
    of_runs.push_back(
        write(std::to_string(of_runs.size()) + ".xml", report::junit(outcome.trials)));
    all.results.push_back(outcome.results.at(0));
  }
  EXPECT_TRUE(report::is_strict_xml(junit_text(all, of_runs)));
}

TEST_F(Night, HostileNamesOfSitesAreText) {
  sites_ = {hostile, "svm"};
  const Outcome outcome = night(config("scenario = good.yaml\n"));
  EXPECT_THAT(outcome.summary, AllOf(Not(HasSubstr("<b>")), Not(HasSubstr("\x1b"))));
}

TEST_F(Night, ArtefactsAreTonightsOrNotThere) {
  fs::create_directories(out_);
  write("out/report.html", "yesterday's");
  no_trials_ = {"good"};
  ran_ = {{"good", 2}};
  EXPECT_EQ(night().exit_code, 2);
  EXPECT_FALSE(fs::exists(out_ / "report.html"));
  for (const char* name : {"summary.md", "verdict.json", "junit.xml", "results.tap", "trials.json",
                           "trials.csv", "metrics.prom", "records.jsonl"})
    EXPECT_TRUE(fs::exists(out_ / name)) << name;
  EXPECT_THAT(artefact("metrics.prom"), HasSubstr("lab_nightly_exit_code 2\n# EOF\n"));
}

TEST_F(Night, WhatCannotBeWrittenIsSaidAndTheSummaryIsStillThere) {
  write_instead_of_out_ = true;
  const Outcome outcome = night();
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(said_, HasSubstr("error: cannot write " + (out_ / "junit.xml").string()));
  EXPECT_THAT(outcome.summary, HasSubstr("# Nightly: the machinery failed"));
}

// What lab report prints about a page is kept in log.txt and names the artefact.
TEST_F(Night, PagesAreWrittenInTheirPlaces) {
  night();
  Words pages;
  for (const Words& call : calls_)
    if (call[0] == "report") pages.push_back(word_after(call, "-o"));
  EXPECT_THAT(pages, ElementsAre(out_ / "report.html", out_ / "history.html"));
}

TEST_F(Night, RecordsHaveTheTrialsThatConfirmedSomethingAndTheTablesHaveNot) {
  write("good.baseline.json", "{}");
  confirms_ = true;
  const Outcome outcome = night();
  EXPECT_EQ(outcome.trials.size(), 1u);
  EXPECT_EQ(std::ranges::count(artefact("records.jsonl"), '\n'), 2);
  EXPECT_THAT(artefact("records.jsonl"), HasSubstr("confirm-" + last_run_));
  EXPECT_THAT(artefact("trials.json"), Not(HasSubstr("confirm-")));
}

}  // namespace
}  // namespace lab::nightly
