// SPDX-License-Identifier: MIT
// Tests several outer VMs at once: -j, --fail-fast, and lanes that a command starts (--via).
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Lanes : public LabTest {
 protected:
  static std::vector<std::string> names_of(const Finished& run) {
    std::vector<std::string> names;
    for (const json& trial : trials_of(run)) names.push_back(trial.value("trial", ""));
    return names;
  }

  static std::string lane() { return "'" + binary() + "' lane"; }

  // Returns the lanes among a lab's processes; a lane is a lab, too.
  static std::vector<pid_t> lanes_of(pid_t lab) {
    std::vector<pid_t> lanes = family_of(lab);
    std::erase_if(lanes, [](pid_t pid) {
      const std::string words = contents("/proc/" + std::to_string(pid) + "/cmdline");
      return words != binary() + '\0' + "lane" + '\0';
    });
    return lanes;
  }

  static bool end_soon(const std::vector<pid_t>& processes) {
    for (int tries = 0; tries < 300; ++tries) {
      if (std::ranges::none_of(processes, is_alive)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
};

TEST_F(Lanes, AKilledOuterVmTakesOnlyItsTrialAlong) {
  std::set<std::string> booting;
  bool killed = false;
  const Finished run = lab({"run", write_tiny(), "--on", "svm", "--repeat", "4", "-j", "2",
                            "--format", "json", "--store", store()},
                           {.on_line = [&](pid_t pid, const std::string& line) {
                             if (line.ends_with(": boot"))
                               booting.insert(line.substr(line.find("tiny#")));
                             if (killed || booting.size() < 2) return;  // both are in a trial
                             const std::string destroy =
                                 "virsh -q list --name | grep -m1 '^lab-outer-" +
                                 std::to_string(pid) +
                                 "[.]' | xargs -r virsh -q destroy >/dev/null";
                             killed = std::system(destroy.c_str()) == 0;
                           }});
  EXPECT_TRUE(killed);
  EXPECT_EQ(run.exit_code, 3) << run.errors;
  EXPECT_THAT(run.errors, HasSubstr("the outer VM ended in the middle of its job"));
  EXPECT_THAT(run.errors, HasSubstr("lab: warning: no record of tiny#"));
  const std::vector<std::string> names = names_of(run);
  EXPECT_EQ(names.size(), 3u);
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_THAT(left_by(run.pid), IsEmpty());
}

TEST_F(Lanes, FailFastBeginsNoFurtherTrial) {
  const Finished run =
      lab({"run", write_tiny("expect: [{step: boot, reason: total, max: 1}]\n"), "--on", "svm",
           "--repeat", "3", "--fail-fast", "--format", "json", "--store", store()});
  EXPECT_EQ(run.exit_code, 1) << run.errors;
  EXPECT_THAT(names_of(run), ElementsAre("tiny#1"));
  EXPECT_THAT(run.errors, HasSubstr("--fail-fast: 2 of 3 trials not run"));
  EXPECT_THAT(left_by(run.pid), IsEmpty());
}

TEST_F(Lanes, ThatACommandStartsGiveTheTableOfOneHereAlsoWhereOneIsKilled) {
  const std::string scenario = write_tiny("repeat: 4\n");
  const Finished here =
      lab({"run", scenario, "--on", "svm", "-j", "2", "--format", "json", "--store", store()});
  ASSERT_EQ(here.exit_code, 0) << here.errors;
  std::set<std::string> booting;
  std::vector<pid_t> lanes;
  const Finished run = lab({"run", scenario, "--on", "svm", "--via", lane(), "-j", "2", "--format",
                            "json", "--store", store()},
                           {.on_line = [&](pid_t pid, const std::string& line) {
                             if (line.find("tiny#") == std::string::npos) return;
                             if (line.ends_with(": boot"))
                               booting.insert(line.substr(line.find("tiny#")));
                             if (!lanes.empty() || booting.size() < 2) return;  // both run trials
                             lanes = lanes_of(pid);
                             if (!lanes.empty()) ::kill(lanes.front(), SIGKILL);
                           }});
  EXPECT_THAT(lanes, testing::SizeIs(2)) << run.errors;
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.errors, HasSubstr("Killed; tiny#"));
  EXPECT_EQ(exits_by_trial(run), exits_by_trial(here));
  EXPECT_THAT(names_of(run), ElementsAre("tiny#1", "tiny#2", "tiny#3", "tiny#4"));
  std::set<std::string> runs;
  for (const json& trial : trials_of(run)) runs.insert(trial.value("run", ""));
  EXPECT_EQ(runs.size(), 1u);
  EXPECT_EQ(lab({"kvm", "status"}).exit_code, 0);  // clears what the killed lane left
  for (const pid_t pid : lanes) EXPECT_THAT(left_by(pid), IsEmpty());
  EXPECT_THAT(left_by(run.pid), IsEmpty());
}

TEST_F(Lanes, EndWhereLabIsKilledAndTheRunGoesOnLater) {
  const std::string scenario = write_tiny("repeat: 3\n");
  std::vector<pid_t> lanes, family;
  const Finished killed = lab({"run", scenario, "--on", "svm", "--via", lane(), "--store", store()},
                              {.on_line = [&](pid_t pid, const std::string& line) {
                                if (!lanes.empty() || !line.ends_with("tiny#2: boot")) return;
                                lanes = lanes_of(pid);
                                family = family_of(pid);
                                ::kill(pid, SIGKILL);
                              }});
  EXPECT_EQ(killed.signal, SIGKILL);
  ASSERT_THAT(lanes, testing::SizeIs(1)) << killed.errors;
  EXPECT_TRUE(end_soon(family));
  EXPECT_THAT(left_by(lanes.front()), IsEmpty());  // without the next call of lab

  const Finished rest = lab({"run", scenario, "--on", "svm", "--resume", "latest", "-j", "2",
                             "--format", "json", "--store", store()});
  EXPECT_EQ(rest.exit_code, 0) << rest.errors;
  EXPECT_THAT(names_of(rest), ElementsAre("tiny#1", "tiny#2", "tiny#3"));
  EXPECT_THAT(rest.errors, testing::Not(HasSubstr("tiny#1: boot")));
  std::set<json> runs, counts;
  for (const json& trial : trials_of(rest)) runs.insert(trial.at("run"));
  EXPECT_EQ(runs.size(), 1u);
  for (const auto& [trial, exits] : exits_by_trial(rest)) counts.insert(exits);
  EXPECT_EQ(counts.size(), 1u);  // exact ones, wherever they ran
}

TEST_F(Lanes, AreProvidedWithoutATrial) {
  const Finished here = lab({"provide", write_tiny(), "--on", "svm"});
  EXPECT_EQ(here.exit_code, 0) << here.errors;
  EXPECT_THAT(here.output, HasSubstr("here: all is there ("));
  const Finished there = lab({"provide", write_tiny(), "--on", "svm", "--via", lane(), "-j", "2"});
  EXPECT_EQ(there.exit_code, 0) << there.errors;
  EXPECT_THAT(there.output, testing::ContainsRegex("^lane [12] on .*: all is there [^\n]*\n$"));
  for (const Finished* run : {&here, &there}) {
    EXPECT_THAT(run->errors, testing::Not(HasSubstr("tiny#1")));
    EXPECT_THAT(left_by(run->pid), IsEmpty());
  }
}

// Uses a node with an empty cache, and a shared cache in which one guest is damaged.
TEST_F(Lanes, NightlyTakeWhatTheyLackFromASharedCache) {
  const std::string scenario = write_tiny();
  const fs::path shared = folder() / "shared";
  const Finished made = lab({"provide", scenario, "--on", "svm", "--share", shared.string()});
  ASSERT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_THAT(made.output, HasSubstr("5 folders copied, 0 there before"));
  for (const auto& entry : fs::directory_iterator(shared / "prepared"))
    fs::resize_file(entry.path() / "initrd", fs::file_size(entry.path() / "initrd") - 1);
  const std::map<std::string, std::string> environment{
      {"XDG_CACHE_HOME", (folder() / "node").string()}, {"LAB_SHARED_CACHE", shared.string()}};
  const auto run = [&](const std::map<std::string, std::string>& where) {
    return lab({"run", scenario, "--on", "svm", "--format", "json", "--store", store()},
               {.environment = where});
  };
  const Finished there = run(environment), here = run({});
  EXPECT_EQ(there.exit_code, 0) << there.errors;
  EXPECT_EQ(exits_by_trial(there), exits_by_trial(here));
  EXPECT_THAT(there.errors, HasSubstr("'initrd' is not as it was written; it is made here"));
  EXPECT_THAT(there.errors, HasSubstr("outer VM's first boot"));
  const fs::path kit = fs::directory_iterator(shared / "kernels")->path();
  EXPECT_EQ(fs::last_write_time(folder() / "node/lab/kernels" / kit.filename() / "info.json"),
            fs::last_write_time(kit / "info.json"));  // a copy
  EXPECT_THAT(left_by(there.pid), IsEmpty());
}

}  // namespace
}  // namespace lab::e2e
