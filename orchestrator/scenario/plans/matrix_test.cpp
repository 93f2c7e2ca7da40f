// SPDX-License-Identifier: MIT
// Tests the matrix with include and exclude, warm-ups, and the effects of --set.
#include "orchestrator/scenario/plans/draft.hpp"

#include "orchestrator/scenario/example.hpp"
#include "orchestrator/scenario/loader_test.hpp"

namespace lab::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string matrix =
    "matrix:\n"
    "  paging: [nested, shadow]\n"
    "  guest.vcpus: [1, 2]\n"
    "  exclude: [{paging: shadow, guest.vcpus: 2}]\n"
    "  include: [{guest.vcpus: 4, guest.memory: 1 GiB}]\n";

const std::string whole = before_steps(matrix) +
                          "expect:\n"
                          "  - {step: boot, max: 10}\n"
                          "  - {step: boot, max: 9, where: {paging: shadow}}\n"
                          "  - {step: boot, category: io, min: 1, per: second, where: "
                          "{guest.vcpus: 4}}\n"
                          "  - {step: boot, of: {paging: shadow}, to: {paging: nested}, min: 2}\n";

std::vector<std::string> names(const std::string& text,
                               const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> all;
  for (const TrialPlan& plan : expand(parse(text, "s.yaml", overrides))) {
    all.push_back(plan.name.substr(plan.name.find_first_of("[#")));
  }
  return all;
}

TEST(Matrix, CellsAreLeftOutAndAdded) {
  EXPECT_THAT(
      names(whole),
      ElementsAre("[paging=nested,guest.vcpus=1]#1", "[paging=nested,guest.vcpus=2]#1",
                  "[paging=shadow,guest.vcpus=1]#1", "[guest.vcpus=4,guest.memory=1 GiB]#1"));
  const auto plans = expand(parse(whole, "s.yaml"));
  EXPECT_EQ(plans[3].settings.memory, 1ull << 30);
  EXPECT_EQ(plans[3].settings.paging, Paging::nested);
}

TEST(Matrix, PlansHaveOnlyTheExpectationsThatMeanThem) {
  const auto plans = expand(parse(whole, "s.yaml"));
  EXPECT_THAT(plans[0].expect, SizeIs(1));
  ASSERT_THAT(plans[2].expect, SizeIs(2));
  EXPECT_EQ(plans[2].expect[1].max, 9u);
  ASSERT_THAT(plans[3].expect, SizeIs(2));
  EXPECT_EQ(plans[3].expect[1].category, exits::Category::io);
  EXPECT_TRUE(plans[3].expect[1].per_second);
  for (const TrialPlan& plan : plans) EXPECT_EQ(travelled(plan), plan);
}

TEST(Matrix, OnlyIncludedOnesAreAListOfCells) {
  const std::string text = before_steps(
      "matrix: {include: [{guest.vcpus: 2}, {paging: shadow, guest.nic.model: e1000}]}");
  EXPECT_THAT(names(text),
              ElementsAre("[guest.vcpus=2]#1", "[paging=shadow,guest.nic.model=e1000]#1"));
}

TEST(Matrix, WarmUpsComeFirst) {
  const auto plans =
      expand(parse(before_steps("matrix: {paging: [nested, shadow]}\nwarmup: 2\nrepeat: 3"), "s"));
  ASSERT_THAT(plans, SizeIs(10));
  EXPECT_EQ(plans[0].name, "tiny-boot[paging=nested]#w1");
  EXPECT_TRUE(plans[1].warmup);
  EXPECT_EQ(plans[1].name, "tiny-boot[paging=nested]#w2");
  EXPECT_EQ(plans[2].name, "tiny-boot[paging=nested]#1");
  EXPECT_FALSE(plans[2].warmup);
  EXPECT_EQ(plans[2].repeats, 3u);
  EXPECT_EQ(travelled(plans[0]), plans[0]);
}

TEST(Matrix, SetSettlesWhatNamesTheKey) {
  // Nested only: the exclude and the entries about shadow are gone.
  const Scenario nested = parse(whole, "s.yaml", {"paging=nested"});
  EXPECT_THAT(nested.exclude, SizeIs(0));
  EXPECT_THAT(nested.relations, SizeIs(0));
  EXPECT_THAT(nested.expect, SizeIs(2));
  EXPECT_THAT(expand(nested), SizeIs(3));
  // Shadow only: the entries about shadow apply to all cells.
  const Scenario shadow = parse(whole, "s.yaml", {"kvm.paging=shadow"});
  EXPECT_THAT(shadow.expect.at(1).where, SizeIs(0));
  EXPECT_THAT(names(whole, {"paging=shadow"}),
              ElementsAre("[guest.vcpus=1]#1", "[guest.vcpus=4,guest.memory=1 GiB]#1"));
  // 1 and 2 vCPUs are gone, and so is the cell that was included with 4.
  EXPECT_THAT(names(whole, {"guest.vcpus=4", "guest.memory=1 GiB"}),
              ElementsAre("[paging=nested]#1", "[paging=shadow]#1"));
  EXPECT_THAT(
      names(whole, {"matrix.guest.vcpus=2,8"}),
      ElementsAre("[paging=nested,guest.vcpus=2]#1", "[paging=nested,guest.vcpus=8]#1",
                  "[paging=shadow,guest.vcpus=8]#1", "[guest.vcpus=4,guest.memory=1 GiB]#1"));
  EXPECT_THAT(parse(whole, "s.yaml", {"matrix.paging=nested"}).relations, SizeIs(0));
  EXPECT_EQ(parse(whole, "s.yaml", {"warmup=1", "samples=0", "timeouts.shutdown=9 s"}).warmup, 1u);
}

TEST(Matrix, BadOnesSayWhereWhatAndHowToMend) {
  const std::vector<Bad> cases = {
      {"guest.vcpus: 2}]", "guest.vcpus: 3}]",
       "s.yaml:7:43: matrix.exclude: guest.vcpus is never '3' | in the matrix it is: 1, 2"},
      {"{paging: shadow, g", "{pagin: shadow, g",
       "s.yaml:7:14: matrix.exclude names 'pagin', which the matrix does not vary"},
      {"{paging: shadow, g", "{guest.memory: 1 GiB, g", "the matrix varies: kvm.paging, guest.vc"},
      {"{paging: shadow, g", "{kvm.paging: shadow, paging: shadow, g", "kvm.paging twice"},
      {"{paging: shadow, guest.vcpus: 2}", "{}", "matrix.exclude names no key of the matrix"},
      {"{paging: shadow, guest.vcpus: 2}", "1", "matrix.exclude must be a map"},
      {"[{paging: shadow, guest.vcpus: 2}]", "[]", "matrix.exclude must have 1 to 256 values"},
      {"guest.memory: 1 GiB}", "guest.mem: 1 GiB}",
       "s.yaml:8:30: matrix.include cannot vary 'guest.mem', did you mean 'guest.memory'?"},
      {"guest.memory: 1 GiB}", "guest.memory: 1}", "guest.memory must be whole MiB"},
      {"{guest.vcpus: 4, guest.memory: 1 GiB}", "{guest.vcpus: 2, paging: nested}",
       "s.yaml:8:13: matrix.include: this is tiny-boot[paging=nested,guest.vcpus=2] again"},
      {"{guest.vcpus: 4, guest.memory: 1 GiB}", "{guest.vcpus: 9}, {guest.vcpus: 9}",
       "s.yaml:8:31: matrix.include: this is tiny-boot[guest.vcpus=9] again"},
  };
  for (const Bad& bad : cases) {
    EXPECT_THAT(error_of(with(before_steps(matrix), bad.from, bad.to)), HasSubstr(bad.message))
        << bad.to;
  }
  EXPECT_THAT(error_of(before_steps("matrix: {paging: [nested], exclude: [{paging: nested}]}")),
              HasSubstr("s.yaml:1:1: matrix.exclude leaves no cell to run | exclude less"));
  EXPECT_THAT(error_of(before_steps("matrix: {exclude: [{paging: nested}]}")),
              HasSubstr("which the matrix does not vary | there is no matrix"));
  EXPECT_THAT(error_of(before_steps("matrix: {guest.memory: [1 GiB, 1024 MiB]}")),
              HasSubstr("'1024 MiB' comes twice"));
  EXPECT_THAT(error_of(whole, {"matrix.exclude=1"}), HasSubstr("matrix cannot vary 'exclude'"));
}

TEST(Matrix, ExpectationsMustMeanSomething) {
  const std::vector<Bad> cases = {
      {"max: 9, where: {paging: shadow}", "max: 9, where: {paging: shade}",
       "kvm.paging must be one of nested, shadow, not 'shade', did you mean 'shadow'?"},
      {"where: {paging: shadow}", "where: {guest.console: none}",
       "where names 'guest.console', which the matrix does not vary"},
      {"where: {paging: shadow}", "where: {guest.vcpus: 3}",
       "is never '3' | in the matrix it is: 1, 2, 4"},
      {"where: {paging: shadow}", "where: {paging: shadow, guest.vcpus: 2}",
       "where means no cell of the matrix | each of its values occurs, but never together"},
      {"category: io", "category: ios", "category must be one of io, page_fault, "},
      {"category: io", "category: io, reason: HLT", "a reason or a category, not both"},
      {"per: second", "per: minute", "per must be one of second, not 'minute'"},
      {"of: {paging: shadow}", "of: {paging: nested}", "of and to mean the same trials"},
      {"of: {paging: shadow}", "of: {paging: shadow, guest.vcpus: 2}", "of means no cell"},
      {"of: {paging: shadow}", "per: second, of: {paging: shadow}", "per does not go with of and"},
      {"of: {paging: shadow}, ", "", "expect lacks the key 'of'"},
      {"min: 2}", "min: 2, max: 1.5}", "min 2 is above max 1.5"},
      {"min: 2}", "min: -2}", "min must be a number from 0 to 1000000000, not '-2' | as in 2 or"},
      {"min: 2}", "min: nan}", "not 'nan'"},
      {"min: 2}", "min: 1e3}", "not '1e3'"},
      {", min: 2}", "}", "expect needs min, max or both"},
  };
  for (const Bad& bad : cases) {
    EXPECT_THAT(error_of(with(whole, bad.from, bad.to)), HasSubstr(bad.message)) << bad.to;
  }
  EXPECT_EQ(parse(with(whole, "min: 2}", "min: 0.5, max: 10.25}"), "s").relations[0].max, 10.25);
}

TEST(Matrix, LimitsHoldBeforeAnythingIsMade) {
  std::string axes = "matrix: {";
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    axes += std::string("kvm.parameters.") + name + ": [";
    for (int i = 0; i < 64; ++i) axes += std::to_string(i) + ",";
    axes += "], ";
  }
  EXPECT_THAT(error_of(before_steps(axes + "}")), HasSubstr("the matrix has more than 100,000"));
  const std::string big =
      with_steps("  - run: {name: a, command: " + std::string(60000, 'x') + "}\n");
  EXPECT_THAT(error_of(big, {"repeat=10000", "matrix.guest.vcpus=1,2"}),
              HasSubstr("the trials' steps would take more than 1 GiB"));
}

TEST(Matrix, TenThousandCells) {
  EXPECT_THAT(parse(large_example(), "large.yaml").matrix, SizeIs(4));
}

}  // namespace
}  // namespace lab::scenario
