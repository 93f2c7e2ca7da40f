// SPDX-License-Identifier: MIT
// Exact runs on emulated SVM: the same exits and cycles each time, whatever else the machine does.
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;

class Exact : public LabTest {
 protected:
  // Exits and cycles of every reason of every step, and what else was counted.
  json counts_of_a_run() const {
    const std::string scenario = write_tiny(
        std::string(count_to_2000) + "timeouts: {trial: 20 min, boot: 15 min, step: 5 min}\n");
    const Finished run =
        lab({"run", scenario, "--exact", "--on", "svm", "--format", "json", "--store", store()});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const std::vector<json> trials = trials_of(run);
    if (trials.size() != 1) return {};
    for (const json& check : trials[0].at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
    EXPECT_THAT(trials[0].at("conditions").value("exact", ""), HasSubstr("clock by instructions"));
    return {{"steps", trials[0].at("steps")},
            {"host", trials[0].at("host")},
            {"timeline", trials[0].at("timeline")}};
  }
};

TEST_F(Exact, TheSameEachTime) {
  const json first = counts_of_a_run(), second = counts_of_a_run();
  ASSERT_TRUE(first.is_object());
  EXPECT_GT(named(first.at("steps"), "boot").value("exits", 0u), 5000u);
  EXPECT_EQ(first, second);
}

TEST_F(Exact, IsRefusedWhereItCannotBe) {
  const std::string tiny = write("tiny.yaml",
                                 "version: 1\nname: tiny\nimage: tiny\nexact: true\n"
                                 "kvm: {paging: shadow}\nsteps: [{boot: }]\n")
                               .string();
  const Finished shadow = lab({"run", tiny, "--on", "svm", "--store", store()});
  EXPECT_EQ(shadow.exit_code, 2);
  EXPECT_THAT(shadow.errors, HasSubstr("exact counts with shadow paging"));
  const Finished here = lab({"run", tiny, "--on", "here", "--store", store()});
  EXPECT_NE(here.exit_code, 0);
}

}  // namespace
}  // namespace lab::e2e
