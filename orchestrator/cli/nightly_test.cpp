// SPDX-License-Identifier: MIT
// ci/nightly without trials. e2e/nightly_test.cpp has whole nights.
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/cli/lab_fixture.hpp"

namespace lab::cli {
namespace {

// Nothing is run: a lab of a few lines says what its check came to.
class Night : public Lab {
 protected:
  Night() {
    write("fake-lab", R"(#!/bin/bash
while [ $# -gt 0 ]; do
  case $1 in
    -o) [ "$2" = - ] || echo '{"cells": [], "cannot_tell": [], "notes": [], "changes": []}' >"$2" ;;
  esac
  words+="$1 "
  shift
done
case $words in
  "run "*) echo "$RUN" >"$LAST" ;;
  "check "*) exit "$CHECK" ;;
  "results export "*) [ ! -s "$LAST" ] || echo "{\"run\": \"$(cat "$LAST")\", \"site\": \"svm\"}" ;;
esac
)");
    fs::permissions(folder() + "/fake-lab", fs::perms::owner_all);
    write("nightly.conf", "site = svm\nscenario = good.yaml\n");
    scenario();
    write("good.baseline.json", "{}");
  }

  // The summary of a night with this run, whose check ended so.
  std::string night(const std::string& run, int check) const {
    return base::run({.argv = {LAB_SOURCE_DIR "/ci/nightly", "--config", folder() + "/nightly.conf",
                               "--out", folder() + "/out", "--store", folder() + "/n.sqlite"},
                      .environment = {{"NIGHTLY_LAB", folder() + "/fake-lab"},
                                      {"LAST", folder() + "/last"},
                                      {"RUN", run},
                                      {"CHECK", std::to_string(check)}}})
        .output;
  }
};

// cron's jobs and services may have none.
TEST_F(Night, NeedsNoHome) {
  const base::Outcome outcome =
      base::run({.argv = {"env", "-u", "HOME", "-u", "XDG_STATE_HOME", LAB_SOURCE_DIR "/ci/nightly",
                          "--config", folder() + "/none.conf"}});
  EXPECT_EQ(outcome.exit_code, base::exit_usage) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("cannot read '" + folder() + "/none.conf'"));
}

TEST_F(Night, AnAlarmNamesItsFirstRunAndClosesWhenTheChangeHasGone) {
  EXPECT_THAT(night("r1", 0), Not(HasSubstr("since run")));
  EXPECT_THAT(night("r2", 1), HasSubstr("**good**: more exits since run r2."));
  EXPECT_THAT(night("r3", 1), HasSubstr("**good**: more exits since run r2."));
  EXPECT_THAT(night("r4", 4), Not(HasSubstr("since run")));  // it cannot be told
  EXPECT_THAT(night("r5", 0), HasSubstr("**good**: back to normal since run r5; it had more exits "
                                        "since run r2."));
  EXPECT_THAT(base::read_file(folder() + "/out/verdict.json"),
              HasSubstr("\"since\": \"back to normal since run r5"));
  EXPECT_THAT(night("r6", 0), Not(HasSubstr("since run")));
}

}  // namespace
}  // namespace lab::cli
