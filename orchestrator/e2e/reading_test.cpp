// SPDX-License-Identifier: MIT
// Tests readings between which other exits fall, as on a slow machine or while other vCPUs exit.
#include <fmt/format.h>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::ContainsRegex;

void expect_whole_step(const json& step) {
  SCOPED_TRACE(step.at("name").get<std::string>());
  std::uint64_t sum = 0;
  for (const json& reason : step.at("reasons")) sum += reason.at("exits").get<std::uint64_t>();
  EXPECT_EQ(sum, step.at("exits").get<std::uint64_t>());
  EXPECT_FALSE(step.at("clean")) << "nothing disturbed it: this proves nothing";
}

// Each read takes a millisecond, so that ticks of the guest's clock (250 a second) fall between
// those of every reading.
constexpr const char* slow_readings = R"(version: 1
name: slow
image: tiny
guest: {{memory: 256 MiB, vcpus: {}}}
kvm: {{parameters: {{exit_leaf_delay: 1000}}}}
steps:
  - boot:
  - run:
      name: busy
      command: sleep 0.5
      background: for i in 1 2 3; do while :; do usleep 100; done & done; wait
  - sleep: {{name: rest, duration: 100 ms}}
)";

void expect_whole_trial(const json& trial) {
  EXPECT_EQ(trial.at("outcome"), "passed") << trial.value("message", "");
  for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
  ASSERT_EQ(trial.at("steps").size(), 3u);
  for (const json& step : trial.at("steps")) {
    expect_whole_step(step);
    const std::string name = step.at("name").get<std::string>() + ": guest = host";
    EXPECT_THAT(named(trial.at("checks"), name).value("note", ""),
                ContainsRegex("other exits? came between the reads after the step"));
  }
}

class Readings : public LabTest {
 protected:
  void expect_whole(unsigned vcpus, const std::string& clock) const {
    const fs::path scenario = write("slow.yaml", fmt::format(slow_readings, vcpus));
    const Finished run = lab({"run", scenario.string(), "--on", "svm", clock, "--verify-tracepoint",
                              "--format", "json", "--store", store()});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const std::vector<json> trials = trials_of(run);
    ASSERT_EQ(trials.size(), 1u);
    expect_whole_trial(trials[0]);
  }
};

// Uses an outer VM of one processor.
TEST_F(Readings, OfAnExactRunHoldHoweverManyExitsComeBetween) {
  expect_whole(1, "--exact");
}

// Uses an outer VM of two processors, each of which runs vCPUs while the other one reads.
TEST_F(Readings, HoldWhileOtherProcessorsGoOnExiting) {
  expect_whole(4, "--no-exact");
}

}  // namespace
}  // namespace lab::e2e
