// SPDX-License-Identifier: MIT
// Tests the cost of lab itself with a thousand lanes. They are simulated: processes that replay the
// stream of a real exact trial at its own speed.
#include <unistd.h>

#include <set>
#include <sstream>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

class Scale : public LabTest {
 protected:
  Finished run(const std::string& via, unsigned trials, unsigned lanes, const How& how = {}) const {
    return lab({"run", scenario_, "--on", "svm", "--repeat", std::to_string(trials), "-j",
                std::to_string(lanes), "--via", via, "--no-known-trial", "--store", store()},
               how);
  }

  const std::string scenario_ = write_tiny();
};

// Is the cost of a process without its children.
struct Cost {
  double processor_seconds = 0;
  long most_mib = 0;
};

Cost cost_of(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::string stat = contents(process + "/stat"), status = contents(process + "/status");
  std::istringstream words(stat.substr(std::min(stat.rfind(')'), stat.size())));
  std::string word;
  long ticks[2] = {0, 0};
  for (int i = 0; i < 12; ++i) words >> word;  // up to the field before utime
  words >> ticks[0] >> ticks[1];
  const std::size_t at = status.find("VmHWM:");
  return {.processor_seconds = double(ticks[0] + ticks[1]) / double(::sysconf(_SC_CLK_TCK)),
          .most_mib = at == std::string::npos ? 0 : std::stol(status.substr(at + 6)) / 1024};
}

TEST_F(Scale, NightlyAThousandLanesAreCheap) {
  constexpr unsigned lanes = 1000, trials = 3000;
  const fs::path stream = folder() / "stream";
  // Records two trials: the second one of a lane finds everything that is made only once.
  const Finished recorded = run(
      LAB_SOURCE_DIR "/orchestrator/e2e/scale/record " + stream.string() + " " + binary() + " lane",
      2, 1);
  ASSERT_EQ(recorded.exit_code, 0) << recorded.errors;
  fs::remove(store());
  Cost cost;
  double measured = 0;
  const base::Stopwatch watch;
  const Finished played = run("exec " LAB_REPLAY_LANE " " + stream.string() + " # lane", trials,
                              lanes, {.on_line = [&](pid_t pid, const std::string&) {
                                if (watch.seconds() < measured + 1) return;
                                cost = cost_of(pid);
                                measured = watch.seconds();
                              }});
  EXPECT_EQ(played.exit_code, 0) << played.errors.substr(played.errors.size() / 2);
  const Finished list = lab({"results", "list", "--store", store()});
  std::set<std::string> names;
  for (std::size_t at = 0; (at = list.output.find("tiny#", at)) != std::string::npos; ++at)
    names.insert(list.output.substr(at, list.output.find_first_of(" \n", at) - at));
  EXPECT_EQ(names.size(), trials);
  RecordProperty("share_of_a_processor", std::to_string(cost.processor_seconds / measured));
  RecordProperty("MiB", std::to_string(cost.most_mib));
  EXPECT_GT(cost.processor_seconds, 0);
  EXPECT_LT(cost.processor_seconds / measured, 0.5);
  EXPECT_GT(cost.most_mib, 0);
  EXPECT_LT(cost.most_mib, 512);
}

}  // namespace
}  // namespace lab::e2e
