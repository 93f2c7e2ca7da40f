// SPDX-License-Identifier: MIT
#include "orchestrator/exits/causes.hpp"

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/error.hpp"

namespace lab::exits {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

const std::string heading = "exit_causes 1 abc\nvendor svm\nvcpus 2\nentries 4\n";
const std::string io =
    "cause 0 123 0x5 0x103f8 0xffffffff81000010 exits=7 cycles=70 latched=5 latched_cycles=50 "
    "marked=3 marked_cycles=30\n";

std::string text_of(const std::string& lines) {
  return heading + lines + "end\n";
}

TEST(HostCauses, AreAddedUpOverVcpusNowAndAtTheLatch) {
  const HostCauses host = parse_host_causes(text_of(
      io +
      "cause 1 123 0x5 0x103f8 0xffffffff81000010 latched=0 latched_cycles=0 exits=1 cycles=9 "
      "marked=0 marked_cycles=0 x=y\n"
      "cause 1 114 0xf1 0x4000000001 0x550000000000 exits=2 cycles=4 latched=2 latched_cycles=4 "
      "marked=2 marked_cycles=4\n"
      "lost 0 123 exits=3 latched=1 marked=1\nlost 1 123 exits=4 latched=0 marked=1\nnew fact 5\n"
      "reason 123 latched=6\nreason 114 latched=2\n"));
  EXPECT_EQ(host.vendor, Vendor::svm);
  EXPECT_EQ(host.vcpus, 2u);
  EXPECT_EQ(host.entries, 4u);
  const CauseKey port{123, 5, 0x103f8, 0xffffffff81000010},
      leaf{114, 0xf1, 0x4000000001, 0x550000000000};
  EXPECT_THAT(host.now.causes,
              UnorderedElementsAre(Pair(port, CauseCount{8, 79}), Pair(leaf, CauseCount{2, 4})));
  EXPECT_THAT(host.latched.causes,
              UnorderedElementsAre(Pair(port, CauseCount{5, 50}), Pair(leaf, CauseCount{2, 4})));
  EXPECT_THAT(host.now.lost, UnorderedElementsAre(Pair(123, 7)));
  EXPECT_THAT(host.latched.lost, UnorderedElementsAre(Pair(123, 1)));
  EXPECT_THAT(host.marked.causes,
              UnorderedElementsAre(Pair(port, CauseCount{3, 30}), Pair(leaf, CauseCount{2, 4})));
  EXPECT_THAT(host.marked.lost, UnorderedElementsAre(Pair(123, 2)));
  EXPECT_THAT(host.latched_reasons, UnorderedElementsAre(Pair(123, 6), Pair(114, 2)));
}

TEST(HostCauses, KindSaysModePrivilegeAndWhoseExitItWas) {
  const CauseKey key{123, 0xf4, 0, 0};
  EXPECT_EQ(mode(key), Mode::compatibility);
  EXPECT_EQ(cpl(key), 3u);
  EXPECT_TRUE(in_smm(key));
  EXPECT_TRUE(is_nested(key));
  EXPECT_FALSE(in_smm(CauseKey{123, 0x30, 0, 0}));
  EXPECT_EQ(mode(CauseKey{}), Mode::real);
}

std::string fault_of(const std::string& text) {
  try {
    parse_host_causes(text);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
    return error.what();
  }
  return "no error";
}

TEST(HostCauses, ThatAreNotThePatchsAreRefused) {
  const std::string count =
      " exits=1 cycles=1 latched=1 latched_cycles=1 marked=0 marked_cycles=0\n";
  for (const auto& [text, fault] : std::vector<std::pair<std::string, std::string>>{
           {"", "no 'end'"},
           {heading + io, "no 'end'"},
           {heading + io + "end", "within a line"},
           {text_of(io).substr(0, 90), "within a line"},
           {"vendor svm\nend\n", "does not begin with 'exit_causes'"},
           {"exit_causes 2 abc\nend\n", "format 2, not 1"},
           {"exit_causes 1 abc\nvendor svm\nvcpus 1\nend\n", "no line 'entries'"},
           {"exit_causes 1 abc\nvendor arm\nend\n", "unknown 'arm'"},
           {text_of("vcpus 2\n"), "'vcpus' comes twice"},
           {text_of("cause\n"), "'cause' is cut off"},
           {text_of("cause 0 123 0x5 0x1\n"), "'cause' is cut off"},
           {text_of("cause 0 123 0x5 0x1 0x2 exits=1 cycles=1 latched=1\n"),
            "lacks 'latched_cycles'"},
           {text_of("cause 0 123 5 0x1 0x2" + count), "'5' is no hexadecimal number"},
           {text_of("cause 0 123 0x100 0x1 0x2" + count), "out of range: at most 255"},
           {text_of("cause 0 123 0x6 0x1 0x2" + count), "mode 6: at most 5"},
           {text_of("cause 0 x 0x5 0x1 0x2" + count), "'x' is not a number"},
           {text_of("cause -1 1 0x5 0x1 0x2" + count), "'-1' is not a number"},
           {text_of("cause 0 4294967296 0x5 0x1 0x2" + count), "out of range: at most 4294967295"},
           {text_of("cause 0 1 0x5 0x10000000000000000 0x2" + count), "is not a number"},
           {text_of("lost 0 123 exits=\n"), "'exits=' is not a number"},
           {text_of("lost 0 123 latched=1\n"), "lacks 'exits'"},
           {text_of(io + io + io + io + io), "vCPU 0 has 5 causes: there is room for 4"},
           {text_of("cause 0 1 0x5 0x1 0x2" + count + "cause 1 1 0x5 0x1 0x2" + count +
                    "cause 2 1 0x5 0x1 0x2" + count),
            "causes of 3 vCPUs: there are 2"}})
    EXPECT_THAT(fault_of(text), HasSubstr(fault)) << text;
  std::string words = "new";
  for (int i = 0; i < 40; ++i) words += " 1";
  EXPECT_THAT(fault_of(text_of(words + "\n")), HasSubstr("'new' has more than 32 words"));
}

TEST(HostCauses, CutOffAnywhereIsAnError) {
  const std::string whole = text_of(io + "lost 0 123 exits=3 latched=1 marked=0\n");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(fault_of(whole.substr(0, length)), "no error") << length;
  EXPECT_EQ(fault_of(whole), "no error");
}

// Processor seconds of reading so many causes.
double seconds_to_read(std::uint64_t causes) {
  std::string text = "exit_causes 1 abc\nvendor vmx\nvcpus 1\nentries 16384\n";
  for (std::uint64_t i = 0; i < causes; ++i)
    text += fmt::format(
        "cause 0 30 0x5 {:#x} {:#x} exits={} cycles=123456 latched=12 latched_cycles=12345 "
        "marked=0 marked_cycles=0\n",
        0x10000 + i % 77, 0xffffffff81000000 + i * 64, i + 1);
  text += "end\n";
  const std::clock_t begin = std::clock();
  EXPECT_EQ(parse_host_causes(text).now.causes.size(), causes);
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// A ratio, as the seconds are another machine's, or a sanitizer's. It would be 100 were each cause
// compared with all before it.
TEST(HostCauses, TenTimesAsManyTakeTenTimesAsLong) {
  const double ratio = seconds_to_read(10'000) / seconds_to_read(1'000);
  RecordProperty("ratio", std::to_string(ratio));
  EXPECT_LT(ratio, 40);
}

const CauseKey serial{123, 5, 0x103f8, 0x1000}, rtc{123, 5, 0x10070, 0x2000},
    leaf{114, 5, 1, 0x3000};

TEST(Causes, BetweenTwoReadingsAreWhatWasAdded) {
  const Causes before{{{serial, {10, 100}}, {leaf, {1, 8}}, {rtc, {5, 50}}}, {{123, 2}, {114, 1}}};
  const Causes after{
      {{serial, {17, 190}}, {leaf, {1, 9}}, {rtc, {4, 60}}, {{114, 0, 2, 3}, {1, 1}}},
      {{123, 2}, {114, 4}}};
  const Causes added = causes_between(before, after);
  EXPECT_THAT(added.causes, UnorderedElementsAre(Pair(serial, CauseCount{7, 90}),
                                                 Pair(CauseKey{114, 0, 2, 3}, CauseCount{1, 1})));
  EXPECT_THAT(added.lost, UnorderedElementsAre(Pair(114, 3)));
  EXPECT_EQ(causes_between({}, after), after);
  EXPECT_EQ(causes_between(after, after), Causes{});
}

TEST(CheckCauses, AddUpWithTheLostOnes) {
  const StepCounts counts{8, 0, {{114, 3, {}}, {123, 5, {}}}, 0, true};
  Causes causes{{{serial, {3, 1}}, {rtc, {1, 1}}, {leaf, {3, 1}}}, {{123, 1}}};
  const Check check = check_causes("boot: causes", counts, causes);
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_EQ(check.left, 8u);
  EXPECT_EQ(check.right, 8u);
  EXPECT_THAT(check.note, HasSubstr("the cause of 1 exit is lost"));
  causes.lost.clear();
  causes.causes[serial].exits = 4;
  EXPECT_EQ(check_causes("boot: causes", counts, causes).note, "");
}

TEST(CheckCauses, FailWhereANumberDiffersThoughTheTotalIsRight) {
  const StepCounts counts{8, 0, {{114, 3, {}}, {123, 5, {}}}, 0, true};
  const Causes causes{{{serial, {6, 1}}, {leaf, {2, 1}}}, {}};
  const Check check = check_causes("boot: causes", counts, causes);
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(check.left, check.right);
  EXPECT_THAT(check.detail, HasSubstr("; number 114: causes 2, count 3; number 123: causes 6"));
  EXPECT_FALSE(check_causes("x", counts, {}).ok);
  EXPECT_FALSE(check_causes("x", {1, 0, {}, 0, true}, {}).ok) << "a total that no reason explains";
  EXPECT_FALSE(check_causes("x", {}, {{}, {{123, 1}}}).ok) << "a cause of no count";
}

}  // namespace
}  // namespace lab::exits
