// SPDX-License-Identifier: MIT
// Tests how a run's records are kept (lab run and lab check), whatever outer VM they came from.
#include "orchestrator/cli/trials/trial_runner.hpp"

#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <thread>

#include "orchestrator/cli/lab_fixture.hpp"

namespace lab::cli {
namespace {

class TrialRunnerTest : public Lab {
 protected:
  // Returns the exit code of a run with these records, of which the first comes after `begun`.
  base::ExitCode end_with(
      const std::vector<record::Record>& records, const std::function<void()>& begun = [] {}) {
    TrialOptions options;
    options.store = store_;
    std::vector<scenario::TrialPlan> plans;
    for (const record::Record& record : records) {
      plans.push_back(scenario::expand(scenario::load(scenario())).at(0));
      plans.back().name = record.trial;
    }
    testing::internal::CaptureStderr();
    TrialRunner runner(plans, options);
    begun();
    for (const record::Record& record : records)
      runner.take({.trial = record.trial, .what = record});
    runner.finish();
    said_ = testing::internal::GetCapturedStderr();
    return runner.exit_code();
  }

  // Returns so many records that passed.
  static std::vector<record::Record> passed(std::size_t count) {
    store::GeneratedRecords generated(count, 1);
    std::vector<record::Record> records;
    for (std::size_t i = 0; i < count; ++i) {
      records.push_back(generated.next());
      records.back().outcome = record::Outcome::passed;
    }
    return records;
  }

  const std::string store_ = folder() + "/store.sqlite";
  std::string said_;
};

TEST_F(TrialRunnerTest, EndsWithThreeWhereARecordLiesBesideTheStore) {
  EXPECT_EQ(end_with(passed(1)), base::exit_ok);
  EXPECT_EQ(end_with(passed(1)), base::exit_infrastructure) << "the store has that record";
  EXPECT_THAT(said_, HasSubstr("not in the store: lab results import"));
}

TEST_F(TrialRunnerTest, GoesOnAfterARecordThatLiesBesideTheStore) {
  const std::vector<record::Record> records = passed(3);
  store::Store(store_).insert(records[1]);
  EXPECT_EQ(end_with(records), base::exit_infrastructure);
  EXPECT_THAT(said_, AllOf(HasSubstr("the record of " + records[1].trial + " is in "),
                           HasSubstr("lab: 3 trials in "), HasSubstr("all else 0.0 (0 %)")));
  EXPECT_EQ(store::Store(store_).rows({}).size(), 3u);
}

// `lab results remove` on a large store takes longer than SQLite's usual five seconds.
TEST_F(TrialRunnerTest, WaitsForAStoreThatIsBusyForLong) {
  sqlite3* other = nullptr;
  std::jthread ends;
  const auto lock = [&] {
    ASSERT_EQ(::sqlite3_open(store_.c_str(), &other), SQLITE_OK);
    ASSERT_EQ(::sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    ends = std::jthread([&] {
      std::this_thread::sleep_for(std::chrono::seconds(7));
      ::sqlite3_close(other);
    });
  };
  EXPECT_EQ(end_with(passed(1), lock), base::exit_ok) << said_;
  EXPECT_THAT(said_, Not(HasSubstr("not in the store")));
}

TEST_F(TrialRunnerTest, EndsWithWhatItsTrialsDid) {
  record::Record record = store::GeneratedRecords(1, 1).next();
  record.outcome = record::Outcome::guest_failed;
  EXPECT_EQ(end_with({record}), base::exit_guest_failed);
}

}  // namespace
}  // namespace lab::cli
