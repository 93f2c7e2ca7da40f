// SPDX-License-Identifier: MIT
#include "orchestrator/lane/protocol/protocol.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/lane/protocol/proof.hpp"
#include "orchestrator/lane/run.hpp"
#include "orchestrator/lane/start.hpp"
#include "orchestrator/record/sample_record.hpp"

namespace lab::lane {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(LaneProtocol, GreetingsAndWorkArriveAsTheyWereSent) {
  const Greeting greeting{.lab = "0.1.0 (0123)", .node = "n1", .host = "2 x AMD"};
  EXPECT_EQ(greeting_from_json(to_json(greeting)), greeting);
  const Work work = work_from_json(to_json({.provide = true,
                                            .site = "vmx",
                                            .verify_tracepoint = true,
                                            .time_scale = 2.5,
                                            .plans = {known_trial()}}));
  EXPECT_TRUE(work.provide);
  EXPECT_EQ(work.site, "vmx");
  EXPECT_TRUE(work.verify_tracepoint);
  EXPECT_EQ(work.time_scale, 2.5);
  ASSERT_EQ(work.plans.size(), 1u);
  EXPECT_EQ(work.plans[0], known_trial());
}

TEST(LaneProtocol, MalformedLinesAreErrors) {
  const char* greetings[] = {
      "",
      "{}",
      "[1]",
      R"({"type":"phase"})",
      R"({"type":"lane","protocol":-1,"lab":"1","node":"n","host":"h"})",
      R"({"type":"lane","protocol":1,"lab":"1","node":"n\u001b","host":"h"})",
      R"({"type":"lane","protocol":1,"lab":1,"node":"n","host":"h"})",
      R"({"type":"lane","protocol":1,"lab":"","node":"n","host":"h"})"};
  for (const char* line : greetings) EXPECT_THROW(greeting_from_json(line), base::Error) << line;
  EXPECT_THROW(greeting_from_json(std::string(max_greeting_bytes + 1, ' ')), base::Error);
  const char* works[] = {"", "{}", R"({"type":"work","site":"moon","plans":[]})",
                         R"({"type":"work","site":"moon","verify_tracepoint":false,"time_scale":1,)"
                         R"("plans":[]})"};
  for (const char* line : works) EXPECT_THROW(work_from_json(line), base::Error) << line;
}

TEST(LaneProtocol, AnotherLabIsRefused) {
  const Greeting ours{.lab = "2", .node = "a", .host = "h"};
  EXPECT_EQ(refusal({.lab = "2", .node = "b", .host = "g"}, ours), "");
  EXPECT_EQ(refusal({.lab = "1", .node = "b", .host = "g"}, ours),
            "it runs lab 1, and this is lab 2");
  EXPECT_THAT(refusal({.protocol = 7, .lab = "2", .node = "b", .host = "g"}, ours),
              HasSubstr("protocol 7"));
}

TEST(LaneCommand, WithoutTheWordLaneGetsIt) {
  EXPECT_EQ(lane_command("ssh node7"), "ssh node7 lab lane");
  EXPECT_EQ(lane_command("ssh node$LAB_LANE"), "ssh node$LAB_LANE lab lane");
  EXPECT_EQ(lane_command("ssh lane-7"), "ssh lane-7 lab lane");
  EXPECT_EQ(lane_command("sh -c 'cd /x && ci/lab lane'"), "sh -c 'cd /x && ci/lab lane'");
  EXPECT_EQ(lane_command("ssh n1 sudo lab lane"), "ssh n1 sudo lab lane");
}

TEST(SlurmLane, AsksForWhatItsPlansNeed) {
  scenario::TrialPlan plan = known_trial();
  const SlurmLane exact = slurm_lane({plan}, record::site_svm);
  EXPECT_EQ(exact.processors, 1u);
  EXPECT_GT(exact.memory_mib, 1024u);
  plan.settings.exact = scenario::Exact::never;
  plan.settings.vcpus = 4;
  EXPECT_EQ(slurm_lane({plan, known_trial()}, record::site_svm).processors, 4u);
  plan.settings.memory = 8ull << 30;
  EXPECT_GT(slurm_lane({plan}, record::site_svm).memory_mib, 8192u);
}

TEST(SlurmLane, IsAJobOrAStep) {
  const SlurmLane lane{.processors = 2,
                       .memory_mib = 3000,
                       .job = "lab-1",
                       .options = "-p virt",
                       .program = "/opt/it's lab"};
  EXPECT_EQ(slurm_command(lane, false),
            "exec srun --job-name='lab-1' --quiet --nodes=1 --ntasks=1 --cpus-per-task=2 "
            "--mem=3000M -p virt '/opt/it'\\''s lab' lane");
  EXPECT_THAT(slurm_command(lane, true), HasSubstr("srun --exact --quiet"));
}

TEST(KnownTrial, DiffersByCountsAlone) {
  record::Record one = record::sample(), other = one;
  other.conditions["outer_kernel"] = "6.1.0-99";
  EXPECT_EQ(difference(other, "n2", one, "n1"), "");
  other.steps[0].reasons[0].exits -= 1;
  EXPECT_THAT(difference(other, "n2", one, "n1"),
              AllOf(HasSubstr("n2 and n1 differ in boot: the same exits altogether"),
                    HasSubstr("outer_kernel '6.1.0-99' and ''")));
  other.steps[0].exits.reset();
  EXPECT_THAT(difference(other, "n2", one, "n1"), HasSubstr("boot: no count of and"));
  other.steps.pop_back();
  EXPECT_THAT(difference(other, "n2", one, "n1"), HasSubstr("the numbers of steps"));
}

TEST(KnownTrial, ThatDidNotPassSaysNothing) {
  record::Record record = record::sample();
  record.outcome = record::Outcome::guest_failed;
  NodeProof proof;
  EXPECT_THROW(proof.judge("n1", record), base::Error);
  EXPECT_EQ(proof.state("n1"), NodeProof::State::unknown);
}

}  // namespace
}  // namespace lab::lane
