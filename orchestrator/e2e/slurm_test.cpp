// SPDX-License-Identifier: MIT
// Tests lanes as jobs of a real Slurm with two nodes on this machine (--via slurm).
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Slurm : public LabTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(cluster("up"), 0) << contents(folder() / "cluster.log");
    scenario_ = write_tiny("repeat: 4\n");
    if (here_.exit_code < 0)
      here_ = lab({"run", scenario_, "--on", "svm", "--format", "json", "--store", store()});
    ASSERT_EQ(here_.exit_code, 0) << here_.errors;
  }
  void TearDown() override {
    EXPECT_THAT(jobs_within(std::chrono::seconds(0)), IsEmpty());
    for (const pid_t lane : lanes_) EXPECT_THAT(left_by(lane), IsEmpty());
    cluster("down");
  }

  int cluster(const std::string& what) const {
    const std::string command = LAB_SOURCE_DIR "/orchestrator/e2e/slurm/cluster " + what + " " +
                                (folder() / "slurm").string() + " >" +
                                (folder() / "cluster.log").string() + " 2>&1";
    return std::system(command.c_str());
  }

  std::map<std::string, std::string> environment() const {
    return {{"SLURM_CONF", (folder() / "slurm/slurm.conf").string()}};
  }

  // Returns the output of one of Slurm's commands.
  std::string slurm(const std::vector<std::string>& words) const {
    return base::run({.argv = words, .environment = environment()}).output;
  }

  // Returns the jobs in the queue, once it is empty or that time is over.
  std::string jobs_within(std::chrono::seconds time) const {
    std::string jobs;
    for (int tries = 0; tries <= 2 * time.count(); ++tries) {
      jobs = slurm({"squeue", "--noheader", "--states=pending,running,suspended,configuring"});
      if (jobs.empty()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    return jobs;
  }

  // Returns the lanes that run as steps of the cluster, by node.
  std::map<std::string, pid_t> lanes() const {
    std::map<std::string, pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string words = contents(entry.path() / "cmdline");
      if (words != binary() + '\0' + "lane" + '\0') continue;
      const std::string variables = contents(entry.path() / "environ");
      if (variables.find(folder().string()) == std::string::npos) continue;
      const std::size_t at = variables.find("SLURMD_NODENAME=");
      if (at == std::string::npos) continue;
      found[variables.substr(at + 16, 2)] = std::stoi(entry.path().filename().string());
    }
    return found;
  }

  // Runs the scenario on both nodes; calls `meanwhile` once, when so many trials have begun.
  Finished run(const std::function<void(pid_t)>& meanwhile, unsigned trials = 2,
               const std::vector<std::string>& more = {}) {
    std::set<std::string> booting;
    bool called = false;
    std::vector<std::string> words{"run", scenario_, "--on",     "svm",  "--via",   "slurm",
                                   "-j",  "2",       "--format", "json", "--store", store()};
    words.insert(words.end(), more.begin(), more.end());
    return lab(words,
               {.environment = environment(), .on_line = [&](pid_t pid, const std::string& line) {
                  if (line.find("tiny#") == std::string::npos || !line.ends_with(": boot")) return;
                  booting.insert(line.substr(line.find("tiny#")));
                  if (called || booting.size() < trials) return;
                  called = true;
                  for (const auto& [node, lane] : lanes()) lanes_.push_back(lane);
                  meanwhile(pid);
                }});
  }

  void expect_the_same_table(const Finished& run) const {
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_EQ(exits_by_trial(run), exits_by_trial(here_));
  }

  static std::set<std::string> nodes_of(const Finished& run) {
    std::set<std::string> nodes;
    for (const json& trial : trials_of(run)) nodes.insert(trial["conditions"].value("node", ""));
    return nodes;
  }

  std::string scenario_;
  static inline Finished here_;  // on this machine alone, for all tests
  std::vector<pid_t> lanes_;
};

TEST_F(Slurm, NightlyTwoNodesGiveTheTableOfOneMachine) {
  const Finished run = this->run([](pid_t) {});
  expect_the_same_table(run);
  EXPECT_THAT(nodes_of(run), ElementsAre("n1", "n2"));
  EXPECT_THAT(lanes_, testing::SizeIs(2));
}

TEST_F(Slurm, NightlyANodeThatDiesGivesItsTrialBack) {
  const Finished run = this->run([this](pid_t) {
    const pid_t lane = lanes().at("n2");
    ::kill(std::stoi(contents(folder() / "slurm/slurmd-n2.pid")), SIGKILL);
    std::string stat = contents("/proc/" + std::to_string(lane) + "/stat");
    const pid_t step = std::stoi(stat.substr(stat.rfind(')') + 4));  // slurmstepd
    for (const pid_t pid : family_of(step)) ::kill(pid, SIGKILL);
  });
  expect_the_same_table(run);
  EXPECT_THAT(run.errors, HasSubstr("is tried again"));
  EXPECT_EQ(lab({"kvm", "status"}).exit_code, 0);  // as the node's next lab would
}

TEST_F(Slurm, NightlyAJobThatIsCancelledGivesItsTrialBack) {
  const Finished run = this->run([this](pid_t) {
    slurm({"scancel", "--nodelist=n2", "--state=running"});
  });
  expect_the_same_table(run);
  EXPECT_THAT(run.errors, HasSubstr("is tried again"));
}

TEST_F(Slurm, NightlyAPreemptedJobGivesItsTrialBack) {
  const Finished run = this->run([this](pid_t) {
    slurm({"sbatch", "--partition=urgent", "--nodelist=n2", "--mem=8000M", "--output=/dev/null",
           "--wrap=sleep 15"});
  });
  expect_the_same_table(run);
  EXPECT_THAT(run.errors, HasSubstr("is tried again"));
  EXPECT_THAT(slurm({"scontrol", "show", "job"}), HasSubstr("JobState=PREEMPTED"));
}

TEST_F(Slurm, NightlyADrainedNodeIsNotWaitedFor) {
  slurm({"scontrol", "update", "nodename=n2", "state=drain", "reason=test"});
  const Finished run = this->run([](pid_t) {}, 1, {"--queue-limit", "0.5"});
  expect_the_same_table(run);
  EXPECT_THAT(run.errors, HasSubstr("it has not begun within 30 s; it is left out"));
  EXPECT_THAT(nodes_of(run), ElementsAre("n1"));
}

TEST_F(Slurm, NightlyAKilledLabLeavesNoJob) {
  // The third trial begins when another one has its record.
  const Finished run = this->run([](pid_t lab) { ::kill(lab, SIGKILL); }, 3);
  EXPECT_EQ(run.signal, SIGKILL);
  EXPECT_THAT(lanes_, testing::SizeIs(2));
  EXPECT_THAT(jobs_within(std::chrono::seconds(90)), IsEmpty());
  const Finished rest = lab({"run", scenario_, "--on", "svm", "--via", "slurm", "-j", "2",
                             "--resume", "latest", "--format", "json", "--store", store()},
                            {.environment = environment()});
  expect_the_same_table(rest);
}

}  // namespace
}  // namespace lab::e2e
