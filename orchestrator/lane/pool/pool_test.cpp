// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/pool.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <map>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/lane/fake_lane.hpp"

namespace lab::lane {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<scenario::TrialPlan> plans(const std::vector<std::string>& names, bool exact = true) {
  std::vector<scenario::TrialPlan> plans;
  for (const std::string& name : names) {
    plans.push_back(known_trial());
    plans.back().name = name;
    plans.back().cell = {{"guest.vcpus", std::to_string(name[0] - 'a' + 1)}};
    plans.back().warmup = name.find("#w") != std::string::npos;
    plans.back().settings.exact = exact ? scenario::Exact::always : scenario::Exact::never;
  }
  return plans;
}

class PoolTest : public testing::Test {
 protected:
  PoolTest() { ::signal(SIGPIPE, SIG_IGN); }  // as lab does

  // Runs lanes that behave as `kinds` says, in turn.
  void run(const std::vector<scenario::TrialPlan>& plans, std::vector<std::string> kinds) {
    for (std::size_t lane = 1; lane <= kinds.size(); ++lane)
      std::filesystem::remove(folder_.path() / ("lane" + std::to_string(lane)));
    PoolOptions options{
        .lanes = unsigned(kinds.size()),
        .command =
            [this, kinds](unsigned lane) {
              std::map<std::string, std::string> environment{{"FAKE_LANE", kinds.at(lane - 1)},
                                                             {"FAKE_FOLDER", folder()},
                                                             {"LAB_LANE", std::to_string(lane)},
                                                             {"FAKE_SILENCE", "3"}};
              if (together_ > 0) environment["FAKE_TOGETHER"] = std::to_string(together_);
              if (lane <= nodes_.size()) environment["FAKE_NODE"] = nodes_[lane - 1];
              if (lane <= exits_.size()) environment["FAKE_EXITS"] = exits_[lane - 1];
              return base::Command{.argv = {"/proc/self/exe"}, .environment = environment};
            },
        .ours = fake::greeting(),
        .work = {.site = "svm", .plans = {}},
        .prove = prove_,
        .silence = 3,
        .restart_delay = 0.02,
        .queue_limit = queue_limit_};
    Pool(
        plans, options, [this] { return stop_after_ > 0 && records_.size() >= stop_after_; },
        [this](const std::string& text) { warnings_.push_back(text); },
        [this](const trial::Event& event) { take(event); })
        .run();
  }

  base::Error failure(const std::vector<scenario::TrialPlan>& plans,
                      std::vector<std::string> kinds) {
    try {
      run(plans, std::move(kinds));
    } catch (const base::Error& error) {
      return error;
    }
    return base::Error(base::ErrorKind::user, "nothing failed");
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const record::Record& record : records_) names.push_back(record.trial);
    return names;
  }

  // Returns "LANE TRIAL" for all work.
  std::vector<std::string> log() const {
    std::ifstream file(folder_.path() / "log");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  std::string folder() const { return folder_.path().string(); }

  std::vector<record::Record> records_;
  std::vector<std::string> warnings_, lost_, nodes_, exits_;
  bool prove_ = false;
  double queue_limit_ = 0;
  unsigned together_ = 0;  // so many lanes get work before any finishes its own
  std::size_t stop_after_ = 0;
  std::string full_at_;  // the record for which the store has no room

 private:
  void take(const trial::Event& event) {
    if (const auto* record = event.get<record::Record>()) {
      if (record->trial == full_at_) throw base::infrastructure_error("the store is full");
      EXPECT_GT(event.lane, 0u);
      records_.push_back(*record);
    }
    if (event.is<base::Error>()) lost_.push_back(event.trial);
  }

  base::TemporaryFolder folder_{testing::TempDir(), "pool"};
};

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

TEST_F(PoolTest, SharesTrialsOut) {
  together_ = 2;
  run(plans({"a#1", "a#2", "b#1", "b#2", "c#1"}), {"good", "good"});
  EXPECT_THAT(names(), UnorderedElementsAre("a#1", "a#2", "b#1", "b#2", "c#1"));
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_THAT(log(), AllOf(SizeIs(5), Contains(HasSubstr("1 ")), Contains(HasSubstr("2 "))));
  EXPECT_EQ(records_.front().conditions.at("node"), "n1");
  EXPECT_FALSE(has_children());
}

TEST_F(PoolTest, TrialsOfACellStayTogetherWhereTheyDependOnTheMachine) {
  run(plans({"a#1", "a#2", "a#3", "b#1", "b#2"}, false), {"good", "good"});
  std::map<std::string, std::set<char>> lanes;
  for (const std::string& line : log()) lanes[line.substr(2, 1)].insert(line[0]);
  EXPECT_THAT(lanes["a"], SizeIs(1));
  EXPECT_THAT(lanes["b"], SizeIs(1));
}

TEST_F(PoolTest, ALaneThatDiesGivesItsTrialBack) {
  run(plans({"a#1", "b#1", "c#1"}), {"dies once", "dies once"});
  EXPECT_THAT(names(), UnorderedElementsAre("a#1", "b#1", "c#1"));
  EXPECT_THAT(warnings_,
              ElementsAre(AllOf(HasSubstr("on n1: it ended: exit code 7: libvirt is on fire"),
                                HasSubstr("is tried again"))));
  EXPECT_THAT(lost_, IsEmpty());
}

TEST_F(PoolTest, WhatALaneFailsAnotherOneDoes) {
  together_ = 2;
  run(plans({"a#1", "b#1", "c#1", "d#1"}), {"dies", "good"});
  EXPECT_THAT(names(), UnorderedElementsAre("a#1", "b#1", "c#1", "d#1"));
}

TEST_F(PoolTest, WhatIsNoLanesStreamIsALanesFailure) {
  together_ = 2;
  for (const char* kind : {"closes its output", "stops", "garbles", "floods", "sends another",
                           "sends a forged record", "sends it twice"}) {
    SCOPED_TRACE(kind);
    records_.clear();
    warnings_.clear();
    run(plans({"a#1", "b#1"}), {kind, "good"});
    EXPECT_THAT(names(), UnorderedElementsAre("a#1", "b#1"));
    EXPECT_THAT(warnings_, Contains(HasSubstr("lane 1 on n1")));
    EXPECT_FALSE(has_children());
  }
}

TEST_F(PoolTest, AnotherLabIsRefusedAtOnce) {
  together_ = 2;
  run(plans({"a#1", "b#1"}), {"another lab", "good"});
  EXPECT_THAT(log(), UnorderedElementsAre("2 a#1", "2 b#1"));
  EXPECT_THAT(warnings_, ElementsAre("lane 1: n1: it runs lab 0.9 (def), and this is lab 1.0 "
                                     "(abc); it is left out"));
}

TEST_F(PoolTest, WhereNoLaneIsLeftTheTrialsWithoutARecordAreNamed) {
  const base::Error error = failure(plans({"a#1", "b#1"}), {"another lab"});
  EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("no lane is left; no record of a#1, b#1"),
                                  HasSubstr("it runs lab 0.9")));
  EXPECT_EQ(error.hint(), "install the same lab on all machines");
}

TEST_F(PoolTest, ThreeFailuresInARowLeaveALaneOut) {
  const base::Error error = failure(plans({"a#1"}), {"does not start"});
  EXPECT_THAT(error.what(), HasSubstr("no lane is left; no record of a#1: lane 1: it ended: "
                                      "exit code 127"));
  EXPECT_THAT(warnings_, SizeIs(3));
  EXPECT_THAT(warnings_.back(), HasSubstr("it is left out"));
}

TEST_F(PoolTest, ALaneThatDoesNotBeginIsLeftOut) {
  queue_limit_ = 1;
  run(plans({"a#1", "b#1"}), {"waits", "good"});
  EXPECT_THAT(names(), UnorderedElementsAre("a#1", "b#1"));
  records_.clear();
  EXPECT_STREQ(failure(plans({"a#1", "b#1"}), {"waits", "waits"}).what(),
               "no lane is left; no record of a#1, b#1: lane 2: it has not begun within 1 s");
  EXPECT_FALSE(has_children());
}

TEST(LaneQueue, IsSaidToBeFullLessAndLessOften) {
  Queue queue;
  EXPECT_FALSE(queue.notice(0, 3, 0));
  EXPECT_FALSE(queue.notice(3, 3, 59));
  EXPECT_THAT(*queue.notice(2, 3, 61), HasSubstr("2 of 3 lanes have not begun for 1 min or more"));
  EXPECT_FALSE(queue.notice(2, 3, 119));
  EXPECT_THAT(*queue.notice(1, 3, 500), HasSubstr("1 of 3 lanes has not begun for 2 min"));
  EXPECT_FALSE(queue.notice(1, 3, 900));
}

TEST_F(PoolTest, WhatGreetsOtherwiseIsNoLane) {
  const base::Error error = failure(plans({"a#1"}), {"garbage"});
  EXPECT_THAT(error.what(), HasSubstr("Welcome to this machine!"));
}

TEST_F(PoolTest, ATrialIsGivenUpWhereItFailsEverywhere) {
  const base::Error error =
      failure(plans({"a#1", "x-bad#1", "c#1", "d#1", "e#1", "f#1"}), {"fails bad", "fails bad"});
  EXPECT_THAT(names(), UnorderedElementsAre("a#1", "c#1", "d#1", "e#1", "f#1"));
  EXPECT_THAT(lost_, ElementsAre("x-bad#1"));
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("no record of x-bad#1: lane"), HasSubstr("the outer VM hangs")));
  std::size_t tries = 0;
  for (const std::string& line : log()) tries += line.ends_with("x-bad#1") ? 1 : 0;
  EXPECT_EQ(tries, 1 + Shares::max_given_back);
}

TEST_F(PoolTest, ATimeLimitOfTheMachineryIsNotTriedAgain) {
  const base::Error error = failure(plans({"a#1"}), {"times out"});
  EXPECT_EQ(error.kind(), base::ErrorKind::timed_out);
  EXPECT_THAT(log(), SizeIs(1));
}

TEST_F(PoolTest, WrongInputStopsTheRun) {
  const base::Error error = failure(plans({"a#1", "b#1"}), {"refuses"});
  EXPECT_EQ(error.kind(), base::ErrorKind::user);
  EXPECT_STREQ(error.what(), "lane 1 on n1: no image 'moon'");
  EXPECT_THAT(log(), SizeIs(1));
}

TEST_F(PoolTest, StopsEarly) {
  stop_after_ = 2;
  run(plans({"a#1", "b#1", "c#1", "d#1"}), {"good"});
  EXPECT_THAT(names(), ElementsAre("a#1", "b#1"));
  records_.clear();
  run(plans({"a#1", "a#2", "a#3", "a#4"}, false), {"good"});
  EXPECT_THAT(names(), ElementsAre("a#1", "a#2"));
}

TEST_F(PoolTest, NothingGoesOnWhereTheResultsCannotBeKept) {
  full_at_ = "b#1";
  EXPECT_STREQ(failure(plans({"a#1", "b#1", "c#1"}), {"good"}).what(), "the store is full");
  EXPECT_THAT(names(), ElementsAre("a#1"));
}

TEST_F(PoolTest, TheFirstTrialOfANodeIsTheKnownOne) {
  prove_ = true;
  together_ = 2;
  nodes_ = {"n1", "n2", "n1"};
  run(plans({"a#1", "b#1", "c#1"}), {"good", "good", "good"});
  EXPECT_THAT(names(), UnorderedElementsAre("a#1", "b#1", "c#1"));
  std::size_t known = 0;
  for (const std::string& line : log()) known += line.ends_with("known-trial#1") ? 1 : 0;
  EXPECT_EQ(known, 2u);  // once a node
}

TEST_F(PoolTest, ANodeThatDiffersIsLeftOut) {
  prove_ = true;
  together_ = 2;
  nodes_ = {"n1", "n2", "n2"};
  exits_ = {"8880", "8861", "8861"};
  run(plans({"a#1", "b#1", "c#1", "d#1"}), {"good", "good", "good"});
  EXPECT_THAT(names(), UnorderedElementsAre("a#1", "b#1", "c#1", "d#1"));
  std::set<std::string> nodes;
  for (const record::Record& record : records_) nodes.insert(record.conditions.at("node"));
  EXPECT_THAT(nodes, SizeIs(1));
  EXPECT_THAT(warnings_, Contains(AllOf(HasSubstr("differ in boot: 88"), HasSubstr("left out"))));
}

TEST_F(PoolTest, EndsItsLanesWhereItIsDestroyed) {
  together_ = 2;
  EXPECT_STREQ(failure(plans({"a#1", "b#1"}), {"refuses", "good"}).what(),
               "lane 1 on n1: no image 'moon'");
  EXPECT_FALSE(has_children());
}

}  // namespace
}  // namespace lab::lane
