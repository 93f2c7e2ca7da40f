// SPDX-License-Identifier: MIT
#include "orchestrator/outer/run_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/inside/version.hpp"
#include "orchestrator/outer/stream/job_events.hpp"

namespace lab::outer {
namespace {

namespace condition = record::condition;
using testing::Key;
using testing::Not;
using testing::Pair;

const OuterImage image{.emulator = Emulator{.title = "QEMU",
                                            .version = "9.8.7",
                                            .changes = "one two",
                                            .changes_digest = "0123456789abcdef"}};
constexpr const char* emulator_words = "QEMU 9.8.7 with one two (01234567)";

TEST(OutsideConditions, HaveTheHostWhereItIsTheClock) {
  const auto svm = outside_conditions(image, {.site = &record::site_svm});
  EXPECT_THAT(svm, testing::Contains(Pair(condition::emulator, emulator_words)));
  EXPECT_EQ(svm.contains(std::string(condition::host)), !base::this_host().empty());
  EXPECT_THAT(outside_conditions(image, {.site = &record::site_svm, .exact = true}),
              testing::ElementsAre(Pair(condition::emulator, emulator_words),
                                   Pair(condition::lab_version, inside::version())));
  EXPECT_THAT(outside_conditions(image, {.site = &record::site_vmx}),
              Not(testing::Contains(Key(condition::host))));
}

TEST(OutsideConditions, NameTheOuterSystemAndTheKvmBelow) {
  OuterImage made = image;
  made.digest = "sha256:0123456789abcdef0123";
  const auto kvm = outside_conditions(made, {.site = &record::site_kvm});
  EXPECT_THAT(kvm, testing::Contains(Pair(condition::outer_image, "0123456789ab")));
  EXPECT_THAT(kvm, testing::Contains(Pair(condition::host_kernel, base::running_kernel())));
  EXPECT_THAT(outside_conditions(made, {.site = &record::site_svm}),
              Not(testing::Contains(Key(condition::host_kernel))));
}

// Without lab's own QEMU, the emulator is the machine's, which is not found here.
TEST(OutsideConditions, WithoutItsVersionTheEmulatorIsAbsent) {
  const char* path = std::getenv("PATH");
  const std::string before = path ? path : "";
  ::setenv("PATH", "/dev/null/none", 1);
  EXPECT_THAT(outside_conditions({}, {.site = &record::site_svm, .exact = true}),
              testing::ElementsAre(Key(condition::lab_version)));
  ::setenv("PATH", before.c_str(), 1);
}

// Returns a record as it is passed on after it came out of the outer VM.
record::Record passed_on(const inside::Job& job, const record::Conditions& around) {
  record::Record record;
  record.id = "inside";
  record.conditions["vendor"] = "svm";
  std::vector<trial::Event> events;
  const trial::Sink sink = [&](const trial::Event& event) { events.push_back(event); };
  JobEvents job_events(sink, job, around);
  EXPECT_FALSE(job_events.take(trial::to_json({.trial = "t#1", .what = record})));
  EXPECT_EQ(events.size(), 1u);
  return std::get<record::Record>(events.at(0).what);
}

TEST(OutsideConditions, ComeToTheRecordsThatArrive) {
  const record::Conditions around = {{"emulator", "QEMU 9.8.7"}, {"host", "2 x Fast"}};
  const record::Record record = passed_on({.site = &record::site_svm}, around);
  EXPECT_EQ(record.id, "inside");
  EXPECT_THAT(record.conditions,
              testing::UnorderedElementsAre(Pair("vendor", "svm"), Pair("emulator", "QEMU 9.8.7"),
                                            Pair("host", "2 x Fast")));
  const record::Record exact =
      passed_on({.site = &record::site_svm, .exact = true}, {{"emulator", "QEMU 9.8.7"}});
  EXPECT_NE(exact.id, "inside");
  EXPECT_THAT(exact.conditions,
              testing::UnorderedElementsAre(Pair("vendor", "svm"), Pair("emulator", "QEMU 9.8.7"),
                                            Key("start_time")));
  EXPECT_THAT(passed_on({.site = &record::site_kvm}, {}).conditions, testing::SizeIs(1));
}

}  // namespace
}  // namespace lab::outer
