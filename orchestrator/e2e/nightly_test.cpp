// SPDX-License-Identifier: MIT
// Tests lab nightly, by ci/nightly, from start to end: its files and its exit code.
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <sstream>
#include <utility>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

class NightlyJob : public LabTest {
 protected:
  // Runs ci/nightly --config CONFIG --out OUT WORDS... with this test's store.
  base::Outcome night(const std::string& config, const fs::path& folder_of_it,
                      const std::vector<std::string>& words = {}) const {
    base::Command command{
        .argv = {"env", "-u", "HOME",  // as in cron's jobs
                 LAB_SOURCE_DIR "/ci/nightly", "--config", write("nightly.conf", config).string(),
                 "--out", folder_of_it.string()},
        .environment = {{"NIGHTLY_LAB", binary()},
                        {"XDG_STATE_HOME", folder().string()},
                        {"GITHUB_STEP_SUMMARY", step_summary.string()}},
        .limit = std::chrono::minutes(10)};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    return base::run(command);
  }

  std::string artefact(const std::string& name) const {
    EXPECT_TRUE(fs::exists(out / name)) << name;
    return fs::exists(out / name) ? base::read_file(out / name) : "";
  }

  json document(const std::string& name) const {
    const json parsed = json::parse(artefact(name), nullptr, false);
    EXPECT_TRUE(parsed.is_object()) << name;
    return parsed.is_object() ? parsed : json::object();
  }

  std::string expects(const std::string& what) const {
    return "version: 1\nimage: tiny\nguest: {memory: 256 MiB}\nsteps:\n  - boot:\n" + what;
  }

  const fs::path out = folder() / "out";
  const fs::path step_summary = folder() / "step-summary";
  const std::string store = (folder() / "lab/nightly.sqlite").string();
};

void expect_junit(const fs::path& file) {
  const base::Outcome outcome =
      base::run({.argv = {"xmllint", "--noout", "--schema",
                          LAB_SOURCE_DIR "/orchestrator/e2e/junit.xsd", file.string()}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
}

TEST_F(NightlyJob, RunsAllJudgesAllAndEndsByTheWorst) {
  write("good.yaml", "name: good\n" + expects(""));
  write("bad.yaml", "name: bad\n" + expects("expect:\n  - {step: boot, reason: total, max: 1}\n"));
  write("broken.yaml", "name: broken\nimge: tiny\n");
  const std::string all =
      "site = svm\noptions = --exact\nscenario = broken.yaml\nscenario = bad.yaml\n"
      "scenario = good.yaml\nwithout_baseline = report\n";
  const base::Outcome first = night(all, out);
  EXPECT_EQ(first.exit_code, 2) << first.errors;  // wrong input is worse than more exits
  EXPECT_EQ(artefact("summary.md"), first.output);
  EXPECT_EQ(base::read_file(step_summary), first.output);
  EXPECT_THAT(first.output,
              AllOf(HasSubstr("wrong input"), HasSubstr("| bad | more exits, or an expectation"),
                    HasSubstr("| good | passed | no, it has no baseline | 0 |")));

  const json verdict = document("verdict.json");
  EXPECT_EQ(verdict.at("exit_code"), 2);
  EXPECT_EQ(named(verdict.at("scenarios"), "broken").at("exit_code"), 2);
  EXPECT_EQ(named(verdict.at("scenarios"), "bad").at("exit_code"), 1);
  EXPECT_EQ(named(verdict.at("scenarios"), "good").at("exit_code"), 0);
  EXPECT_EQ(document("trials.json").at("trials").size(), 2u);
  EXPECT_THAT(artefact("trials.csv"), AllOf(HasSubstr(",bad,bad#1,"), HasSubstr(",good,good#1,")));
  EXPECT_THAT(artefact("results.tap"), AllOf(HasSubstr("1..2\n"), HasSubstr("not ok 1 - bad")));
  EXPECT_THAT(artefact("metrics.prom"),
              AllOf(HasSubstr("lab_nightly_exit_code 2\n"), EndsWith("\n# EOF\n")));
  EXPECT_THAT(artefact("report.html"), AllOf(HasSubstr("good#1"), HasSubstr("</html>")));
  EXPECT_THAT(artefact("history.html"), HasSubstr("</html>"));
  EXPECT_THAT(artefact("log.txt"), HasSubstr("imge"));
  EXPECT_THAT(artefact("junit.xml"),
              AllOf(HasSubstr(R"(name="bad#1")"), HasSubstr(R"(classname="nightly" name="broken")"),
                    HasSubstr(R"(<failure type="2" message="wrong input")")));
  expect_junit(out / "junit.xml");
  std::istringstream records(artefact("records.jsonl"));
  for (const char* scenario : {"bad", "good"}) {
    std::string line;
    ASSERT_TRUE(std::getline(records, line));
    EXPECT_EQ(json::parse(line).at("scenario"), scenario);
  }

  // A trial that cannot be judged does not pass unless the configuration says so.
  const std::string one = "site = svm\noptions = --exact\nscenario = good.yaml\n";
  const base::Outcome second = night(one, out);
  EXPECT_EQ(second.exit_code, 4) << second.errors;
  EXPECT_EQ(document("trials.json").at("trials").size(), 1u);

  const Finished accepted = lab({"baseline", "accept", (folder() / "good.yaml").string(),
                                 "latest~1", "latest", "--reason", "as it is", "--store", store});
  ASSERT_EQ(accepted.exit_code, 0) << accepted.errors;
  const base::Outcome third = night(one, out);
  EXPECT_EQ(third.exit_code, 0) << third.errors;
  const json judged = named(document("verdict.json").at("scenarios"), "good");
  EXPECT_EQ(judged.at("check").at("judgement"), "passed");

  const base::Outcome more = night(one + "check = --across console,image_digest --no-confirm\n",
                                   out, {"--set", "guest.console=verbose"});
  EXPECT_EQ(more.exit_code, 1) << more.errors;
  EXPECT_THAT(more.output, HasSubstr("    good: more: IOIO of boot: "));
  EXPECT_THAT(artefact("junit.xml"), HasSubstr("good: more: IOIO of boot: "));

  // All files exist even where nothing could run.
  const base::Outcome none = night("site = svm\nscenario = broken.yaml\n", out);
  EXPECT_EQ(none.exit_code, 2) << none.errors;
  EXPECT_TRUE(document("trials.json").at("trials").empty());
  EXPECT_EQ(artefact("records.jsonl"), "");
  expect_junit(out / "junit.xml");
}

// The running lab may take the time that it needs, and the night writes the results so far.
TEST_F(NightlyJob, EndsInOrderWhereItIsStopped) {
  write("good.yaml", "name: good\n" + expects(""));
  write("other.yaml", "name: other\n" + expects(""));
  const std::string config =
      write("nightly.conf", "site = svm\nscenario = good.yaml\nscenario = other.yaml\n").string();
  bool told = false;
  const Finished stopped =
      lab({"nightly", "--config", config, "--out", out.string(), "--store", store},
          {.on_line = [&](pid_t pid, const std::string& line) {
            if (line.find("lab:") != 0 || std::exchange(told, true)) return;
            ::kill(pid, SIGTERM);
          }});
  EXPECT_EQ(stopped.exit_code, 130) << stopped.errors;
  EXPECT_THAT(stopped.errors, HasSubstr("lab: error: stopped by SIGTERM"));
  EXPECT_THAT(stopped.output, AllOf(HasSubstr("# Nightly: stopped"),
                                    HasSubstr("| good | stopped | no, there are no trials | 130 |"),
                                    HasSubstr("| other | stopped | no, it did not run | 130 |")));
  EXPECT_EQ(artefact("summary.md"), stopped.output);
}

TEST_F(NightlyJob, SaysWhatCouldNotBeWritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  write("broken.yaml", "name: broken\nimge: tiny\n");
  fs::create_directory(out);
  ASSERT_EQ(::mount("tmpfs", out.c_str(), "tmpfs", 0, "size=8k"), 0);
  const base::Outcome outcome = night("site = svm\nscenario = broken.yaml\n", out);
  const bool half = fs::exists(out / "junit.xml");
  ::umount2(out.c_str(), MNT_DETACH);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_FALSE(half);
  EXPECT_THAT(outcome.output, HasSubstr("# Nightly"));  // it is still printed
  EXPECT_THAT(outcome.errors, HasSubstr("cannot write " + (out / "junit.xml").string()));
}

TEST_F(NightlyJob, RefusesAConfigurationThatIsNone) {
  for (const auto& [config, error] : std::map<std::string, std::string>{
           {"scenario = a.yaml\nsight = svm\n", "nightly.conf:2: unknown key 'sight'"},
           {"site = svm\n", "names no scenario"},
           {"scenario = a.yaml\nscenario = b/a.yaml\n", "nightly.conf:2: 'a' is there twice"},
           {"scenario = 'a.yaml\n", "nightly.conf:1: quotes do not match"},
           {"without_baseline = pass\n", "nightly.conf:1: without_baseline is report or fail"}}) {
    const base::Outcome outcome = night(config, out);
    EXPECT_EQ(outcome.exit_code, 2) << config;
    EXPECT_THAT(outcome.errors, HasSubstr(error));
  }
}

}  // namespace
}  // namespace lab::e2e
