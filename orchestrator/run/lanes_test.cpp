// SPDX-License-Identifier: MIT
#include "orchestrator/run/lanes.hpp"

#include <gmock/gmock.h>

#include <condition_variable>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/machine/this_machine.hpp"

namespace lab::run {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using trial::Event;

OuterJob job_of(const std::vector<std::string>& names) {
  OuterJob outer;
  for (const std::string& name : names) {
    outer.job.plans.emplace_back();
    outer.job.plans.back().name = name;
  }
  return outer;
}

std::vector<std::string> names(const OuterJob& outer) {
  std::vector<std::string> names;
  for (const scenario::TrialPlan& plan : outer.job.plans) names.push_back(plan.name);
  return names;
}

TEST(ShareOut, NeighboursComeIntoDifferentParts) {
  const auto parts = share_out({job_of({"a", "b", "c", "d", "e"})}, 2);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(names(parts[0]), ElementsAre("a", "c", "e"));
  EXPECT_THAT(names(parts[1]), ElementsAre("b", "d"));
}

TEST(ShareOut, OneLaneLeavesJobsAsTheyAre) {
  const auto parts = share_out({job_of({"a", "b"}), job_of({"c"})}, 1);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(names(parts[0]), ElementsAre("a", "b"));
}

TEST(ShareOut, SmallJobsStayWhole) {
  const auto parts = share_out({job_of({"a", "b", "c", "d"}), job_of({"e"}), job_of({"f"})}, 3);
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_THAT(names(parts[1]), ElementsAre("b", "d"));
  EXPECT_THAT(names(parts[3]), ElementsAre("f"));
}

TEST(ShareOut, TrialsBehindAWarmUpStayWithIt) {
  OuterJob outer = job_of({"x[a]#w1", "x[a]#1", "x[a]#2", "x[b]#w1", "x[b]#1", "x[c]#1", "x[c]#2"});
  outer.job.plans[0].warmup = outer.job.plans[3].warmup = true;
  const auto parts = share_out({outer}, 2);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(names(parts[0]), ElementsAre("x[a]#w1", "x[a]#1", "x[a]#2", "x[c]#1"));
  EXPECT_THAT(names(parts[1]), ElementsAre("x[b]#w1", "x[b]#1", "x[c]#2"));
}

TEST(ShareOut, NothingIsNoPart) {
  EXPECT_THAT(share_out({job_of({})}, 2), IsEmpty());
}

TEST(LanesFor, AreLimitedByProcessorsAndMemory) {
  EXPECT_EQ(lanes_for(4, 8, 64000, 4096), 4u);
  EXPECT_EQ(lanes_for(4, 2, 64000, 4096), 2u);
  EXPECT_EQ(lanes_for(4, 8, 10000, 4096), 2u);
  EXPECT_EQ(lanes_for(0, 8, 64000, 4096), 8u);
  EXPECT_EQ(lanes_for(2, 2, 100, 4096), 1u);  // it is tried
}

class LanesForJobs : public testing::Test {
 protected:
  LanesForJobs() {
    write("proc/meminfo", "MemAvailable: 640000000 kB\n");
    write("proc/self/cgroup", "0::/\n");
  }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_.path() / name).parent_path());
    base::write_file(root_.path() / name, text);
  }
  unsigned lanes() const {
    OuterJob outer = job_of({"a", "b", "c", "d"});
    outer.job.site = &record::site_svm;
    return lanes_for_jobs(0, {outer}, root_.path());
  }

 private:
  base::TemporaryFolder root_{testing::TempDir(), "lanes-test"};
};

TEST_F(LanesForJobs, AreNotMoreThanItsProcessorsAndMemoryOfTheMachinesAllow) {
  const unsigned all = std::min(base::available_processors(), 4u);
  EXPECT_EQ(lanes(), all);
  write("sys/fs/cgroup/memory.max", std::to_string(100u << 20));
  write("sys/fs/cgroup/memory.current", "0");
  EXPECT_EQ(lanes(), 1u);
  write("sys/fs/cgroup/memory.max", "max");
  EXPECT_EQ(lanes(), all);
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(lanes(), 1u);
}

// Runs simulated outer VMs that fail at a trial "bad".
class LanesTest : public testing::Test {
 protected:
  void run(std::vector<OuterJob> jobs, unsigned count = 1) {
    Lanes(
        std::move(jobs),
        [&](const OuterJob& outer, const trial::Sink& sink) {
          ++outer_vms_;
          sink(trial::other_phase("outer VM"));
          for (const std::string& name : names(outer)) {
            if (name == "no start") throw base::infrastructure_error("no outer VM");
            sink({.trial = name, .what = trial::PhaseBegun()});
            if (name == "bad") throw base::infrastructure_error("it hangs");
            if (name == "stop") throw base::Error(base::ErrorKind::interrupted, "Ctrl-C");
            sink({.trial = name, .what = trial::PhaseBegun()});
            sink({.trial = name, .what = record::Record()});
          }
        },
        [&] { return stop_after_ > 0 && recorded_.size() >= stop_after_; },
        [&](const Event& event) {
          if (event.is<record::Record>() && event.trial == "no room")
            throw base::infrastructure_error("the store is full");
          if (event.is<record::Record>()) recorded_.push_back(event.trial);
          if (event.is<base::Error>()) failed_.push_back(event.trial);
          if (event.is<trial::End>()) ended_.push_back(event.lane);
        })
        .run(count);
  }

  std::atomic<unsigned> outer_vms_ = 0;
  std::size_t stop_after_ = 0;
  std::vector<std::string> recorded_, failed_;
  std::vector<unsigned> ended_;
};

TEST_F(LanesTest, RunsJobsInTheirOrder) {
  run({job_of({"a", "b"}), job_of({"c"})});
  EXPECT_THAT(recorded_, ElementsAre("a", "b", "c"));
  EXPECT_THAT(ended_, ElementsAre(1));
}

TEST_F(LanesTest, AFailureTakesOnlyItsTrialAlong) {
  EXPECT_THROW(run({job_of({"a", "bad", "b", "c"}), job_of({"d"})}), base::Error);
  EXPECT_THAT(recorded_, ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(failed_, ElementsAre("bad"));
  EXPECT_EQ(outer_vms_, 3u);
}

TEST_F(LanesTest, AFailureTakesWhatIsBehindTheSameWarmUpAlong) {
  OuterJob outer = job_of({"x[a]#w1", "bad", "x[b]#1"});
  outer.job.plans[0].warmup = true;
  outer.job.plans[0].name = "bad";  // of one cell with the next
  EXPECT_THROW(run({outer}), base::Error);
  EXPECT_THAT(recorded_, ElementsAre("x[b]#1"));
}

TEST_F(LanesTest, NothingGoesOnWhereTheResultsCannotBeKept) {
  EXPECT_THROW(run({job_of({"no room", "a"}), job_of({"b"})}), base::Error);
  EXPECT_THAT(recorded_, IsEmpty());
  EXPECT_EQ(outer_vms_, 1u);
}

TEST_F(LanesTest, AnOuterVmThatDoesNotStartIsNotTriedAgain) {
  EXPECT_THROW(run({job_of({"no start", "a"}), job_of({"b"})}), base::Error);
  EXPECT_THAT(recorded_, ElementsAre("b"));
  EXPECT_EQ(outer_vms_, 2u);
}

TEST_F(LanesTest, TheFirstFailureIsThrown) {
  try {
    run({job_of({"bad"}), job_of({"no start"})});
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_STREQ(error.what(), "it hangs");
  }
}

TEST_F(LanesTest, NothingBeginsAfterCtrlC) {
  try {
    run({job_of({"bad", "stop", "a"}), job_of({"b"})});
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::interrupted);
  }
  EXPECT_THAT(recorded_, IsEmpty());
}

TEST_F(LanesTest, StopsEarlyWithinAJobAndBetweenJobs) {
  stop_after_ = 1;
  run({job_of({"a", "b"}), job_of({"c"})});
  EXPECT_THAT(recorded_, ElementsAre("a"));
  EXPECT_EQ(outer_vms_, 1u);
}

TEST_F(LanesTest, EachLaneHasItsFailuresAndItsEnd) {
  EXPECT_THROW(run({job_of({"a", "bad", "b"}), job_of({"c", "bad", "d"})}, 2), base::Error);
  EXPECT_THAT(recorded_, UnorderedElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ended_, UnorderedElementsAre(1, 2));
}

TEST(LanesAtOnce, RunSideBySide) {
  std::mutex mutex;
  std::condition_variable changed;
  unsigned inside = 0, met = 0;
  Lanes(
      {job_of({"a"}), job_of({"b"})},
      [&](const OuterJob&, const trial::Sink&) {
        std::unique_lock lock(mutex);
        ++inside;
        changed.notify_all();
        met += changed.wait_for(lock, std::chrono::seconds(20), [&] { return inside == 2; });
      },
      [] { return false; }, [](const Event&) {})
      .run(2);
  EXPECT_EQ(met, 2u);
}

}  // namespace
}  // namespace lab::run
