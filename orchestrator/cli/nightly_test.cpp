// SPDX-License-Identifier: MIT
// Tests the command line of `lab nightly`; a script stands in for the labs that it starts.
// nightly/nightly_test.cpp tests nights with a fake lab, e2e/nightly_test.cpp whole nights.
#include "orchestrator/base/fd.hpp"
#include "orchestrator/cli/lab_fixture.hpp"

namespace lab::cli {
namespace {

class Nightly : public Lab {
 protected:
  Nightly() {
    scenario();
    ::unsetenv("GITHUB_STEP_SUMMARY");
  }

  // Returns the exit code of a night of one scenario that starts this script as lab.
  int night(const std::string& script, const Words& more = {}) {
    const std::string program = write("fake-lab", "#!/bin/sh\n" + script);
    fs::permissions(program, fs::perms::owner_all);
    Words words = usual();
    words.insert(words.end(), more.begin(), more.end());
    std::vector<const char*> argv{"lab"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_lab(int(argv.size()), argv.data(), program);
    summary_ = testing::internal::GetCapturedStdout();
    said_ = testing::internal::GetCapturedStderr();
    return code;
  }

  Words usual() const {
    return {"nightly",
            "--config",
            write("nightly.conf", "site = svm\nscenario = good.yaml\n"),
            "--out",
            folder() + "/out",
            "--store",
            folder() + "/n.sqlite"};
  }

  std::string summary_, said_;
};

TEST_F(Nightly, KeepsWhatItsLabsSayAndEndsAsTheyDo) {
  EXPECT_EQ(night("echo \"of $1: $LAB_NIGHTLY\"; echo failed >&2; exit 5"), 5);
  EXPECT_THAT(said_, AllOf(HasSubstr("nightly: good: running\n"), HasSubstr("of run: 1\n"),
                           HasSubstr("failed\n"), HasSubstr("nightly: good: the guest failed\n")));
  EXPECT_EQ(base::read_file(folder() + "/out/log.txt"), said_);
  EXPECT_EQ(base::read_file(folder() + "/out/summary.md"), summary_);
  EXPECT_THAT(summary_, HasSubstr("| good | the guest failed | no, there are no trials | 5 |"));
}

TEST_F(Nightly, ALabThatIsKilledIsTheMachinerysFailure) {
  EXPECT_EQ(night("kill -SEGV $$"), 3);
  EXPECT_THAT(said_, HasSubstr("nightly: good: the machinery failed\n"));
}

TEST_F(Nightly, HandsTheSummaryToTheJobsPage) {
  const std::string page = write("page", "before\n");
  ::setenv("GITHUB_STEP_SUMMARY", page.c_str(), 1);
  night("exit 3");
  ::unsetenv("GITHUB_STEP_SUMMARY");
  EXPECT_EQ(base::read_file(page), "before\n" + summary_);
}

// A night never starts the test program itself, as it once did.
TEST_F(Nightly, StartsNothingWhereItWasNotToldWhatAndNoNightWithinANight) {
  expect(base::exit_infrastructure, usual(), HasSubstr("no program to start"));
  ::setenv("LAB_NIGHTLY", "1", 1);
  EXPECT_EQ(night("exit 0"), base::exit_usage);
  ::unsetenv("LAB_NIGHTLY");
  EXPECT_THAT(said_, AllOf(HasSubstr("LAB_NIGHTLY is set: a night cannot start another one"),
                           HasSubstr("hint: unset LAB_NIGHTLY")));
  EXPECT_FALSE(fs::exists(folder() + "/out"));
}

TEST_F(Nightly, RefusesWhatRunOrCheckDoNotTakeBeforeItStartsAnything) {
  const std::string script = "touch " + folder() + "/started";
  const std::pair<Words, const char*> wrong[] = {
      {{"--no-such-option"}, "unknown option '--no-such-option'"},
      {{"--set"}, "--set"},
      {{"--dry-run"}, "unknown option '--dry-run'\nhint: lab check --help"},
      {{"-f", "x"}, "unknown option '-f'\nhint: lab check --help"},
      {{"--repeat", "0"}, "--repeat"},
      {{"--format", "json"}, "--format"}};
  for (const auto& [words, error] : wrong) {
    EXPECT_EQ(night(script, words), base::exit_usage) << error;
    EXPECT_THAT(said_, HasSubstr(error));
  }
  EXPECT_FALSE(fs::exists(folder() + "/started"));
  EXPECT_FALSE(fs::exists(folder() + "/out"));
  EXPECT_EQ(night(script, {"--set", "image=tiny", "-j", "2", "--exact"}),
            base::exit_infrastructure);
  EXPECT_TRUE(fs::exists(folder() + "/started"));
}

TEST_F(Nightly, TheLastOfAnOptionCounts) {
  const std::string none = folder() + "/none.conf", last = folder() + "/last.conf";
  expect(base::exit_usage, {"nightly", "--config", none, "--config", last},
         HasSubstr("cannot read '" + last + "'"));
  expect(base::exit_usage, {"nightly", "--on", "'svm"}, HasSubstr("quotes do not match"));
}

}  // namespace
}  // namespace lab::cli
