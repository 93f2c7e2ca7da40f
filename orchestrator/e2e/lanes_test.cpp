// SPDX-License-Identifier: MIT
// Several outer VMs at once: -j and --fail-fast.
#include <algorithm>
#include <cstdlib>
#include <set>

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

}  // namespace
}  // namespace lab::e2e
