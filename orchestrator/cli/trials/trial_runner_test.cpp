// SPDX-License-Identifier: MIT
// Tests how a run's records are kept (lab run and lab check), whatever outer VM they came from.
#include "orchestrator/cli/trials/trial_runner.hpp"

#include "orchestrator/cli/lab_fixture.hpp"

namespace lab::cli {
namespace {

class TrialRunnerTest : public Lab {
 protected:
  // Returns the exit code of a run with this record.
  base::ExitCode end_with(const record::Record& record) {
    TrialOptions options;
    options.store = folder() + "/store.sqlite";
    scenario::TrialPlan plan = scenario::expand(scenario::load(scenario())).at(0);
    plan.name = record.trial;
    testing::internal::CaptureStderr();
    TrialRunner runner({plan}, options);
    runner.take({.trial = record.trial, .what = record});
    runner.finish();
    said_ = testing::internal::GetCapturedStderr();
    return runner.exit_code();
  }

  std::string said_;
};

TEST_F(TrialRunnerTest, EndsWithThreeWhereARecordLiesBesideTheStore) {
  record::Record record = store::GeneratedRecords(1, 1).next();
  record.outcome = record::Outcome::passed;
  EXPECT_EQ(end_with(record), base::exit_ok);
  EXPECT_EQ(end_with(record), base::exit_infrastructure) << "the store has that record";
  EXPECT_THAT(said_, HasSubstr("not in the store: lab results import"));
}

TEST_F(TrialRunnerTest, EndsWithWhatItsTrialsDid) {
  record::Record record = store::GeneratedRecords(1, 1).next();
  record.outcome = record::Outcome::guest_failed;
  EXPECT_EQ(end_with(record), base::exit_guest_failed);
}

}  // namespace
}  // namespace lab::cli
