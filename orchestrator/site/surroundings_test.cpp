// SPDX-License-Identifier: MIT
#include "orchestrator/site/surroundings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/site/job_events.hpp"

namespace lab::site {
namespace {

namespace condition = record::condition;
using testing::Key;
using testing::Not;
using testing::Pair;

TEST(Emulator, SaysItsNameAndVersion) {
  EXPECT_EQ(emulator_in_words("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1)\n"
                              "Copyright (c) 2003-2025 Fabrice Bellard\n"),
            "QEMU 10.0.2");
  EXPECT_EQ(emulator_in_words("QEMU emulator version 7.2.22\n"), "QEMU 7.2.22");
  EXPECT_EQ(emulator_in_words("=====\n          Bochs x86 Emulator 2.7\n  Built from SVN\n"),
            "Bochs 2.7");
  EXPECT_EQ(emulator_in_words("QEMU emulator version " + std::string(1000, '1')).size(), 5u + 64u);
  for (const char* text : {"", "QEMU", "QEMU emulator version ", "Bochs x86 Emulator \x1b[31m"})
    EXPECT_EQ(emulator_in_words(text), "") << text;
}

TEST(Host, IsOneShortLine) {
  EXPECT_EQ(host_in_words(2, "AMD EPYC 7B13"), "2 x AMD EPYC 7B13");
  EXPECT_EQ(host_in_words(12, "Intel(R) Xeon(R) CPU \t        X5650  @ 2.67GHz  "),
            "12 x Intel(R) Xeon(R) CPU X5650 @ 2.67GHz");
  EXPECT_EQ(host_in_words(1, "a\nb\x1b[31m\xc3\xa4\x7f"), "1 x a?b?[31m???");
  EXPECT_EQ(host_in_words(2, std::string(1000, 'a')).size(), 128u);
  EXPECT_EQ(host_in_words(2, ""), "");
  EXPECT_EQ(host_in_words(2, "  "), "");
}

const OuterImage image{.emulator = Emulator{.title = "QEMU",
                                            .version = "9.8.7",
                                            .changes = "one two",
                                            .changes_digest = "0123456789abcdef"}};
constexpr const char* emulator_words = "QEMU 9.8.7 with one two (01234567)";

TEST(Surroundings, HaveTheHostWhereItIsTheClock) {
  const auto svm = surroundings(image, {.site = &record::site_svm});
  EXPECT_THAT(svm, testing::Contains(Pair(condition::emulator, emulator_words)));
  EXPECT_EQ(svm.contains(std::string(condition::host)), !this_host().empty());
  EXPECT_THAT(surroundings(image, {.site = &record::site_svm, .exact = true}),
              testing::ElementsAre(Pair(condition::emulator, emulator_words)));
  EXPECT_THAT(surroundings(image, {.site = &record::site_vmx}),
              Not(testing::Contains(Key(condition::host))));
}

// Without lab's own QEMU it is the machine's, which is not found here.
TEST(Surroundings, WithoutItsVersionTheEmulatorIsAbsent) {
  const char* path = std::getenv("PATH");
  const std::string before = path ? path : "";
  ::setenv("PATH", "/dev/null/none", 1);
  EXPECT_THAT(surroundings({}, {.site = &record::site_svm, .exact = true}), testing::IsEmpty());
  ::setenv("PATH", before.c_str(), 1);
}

// A record as it comes out of the outer VM, and as it is passed on.
record::Record passed_on(const Job& job, const record::Conditions& around) {
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

TEST(Surroundings, ComeToTheRecordsThatArrive) {
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
}  // namespace lab::site
