// SPDX-License-Identifier: MIT
#include "orchestrator/record/expectations.hpp"

#include <gmock/gmock.h>

namespace lab::record {
namespace {

using exits::Vendor;
using testing::HasSubstr;

Step boot(std::uint32_t guest = 1, std::uint64_t npf = 60) {
  Step step;
  step.name = "boot";
  step.guest = guest;
  step.exits = npf + 40;
  step.seconds = 8;
  step.reasons = {{0x400, "NPF", "page_fault", npf, {}}, {0x72, "CPUID", "cpuid", 40, {}}};
  return step;
}

exits::Check one(const scenario::Expectation& expect, const Step& step = boot()) {
  const auto checks = judge(expect, {&step, 1}, Vendor::svm);
  EXPECT_EQ(checks.size(), 1u);
  return checks.at(0);
}

TEST(Expectations, BoundsOfTotalReasonAndCategory) {
  EXPECT_TRUE(one({.step = "boot", .reason = "total", .min = 100, .max = 100}).ok);
  EXPECT_FALSE(one({.step = "boot", .reason = "total", .max = 99}).ok);
  EXPECT_TRUE(one({.step = "boot", .reason = "npf", .min = 60}).ok);
  EXPECT_TRUE(one({.step = "boot", .reason = "IOIO", .max = 0}).ok);
  const auto category = exits::Category::page_fault;
  const exits::Check check = one({.step = "boot", .category = category, .min = 61});
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(check.left, 60u);
  EXPECT_EQ(check.name, "expect category page_fault of boot");
  EXPECT_EQ(one({.step = "boot", .reason = "total", .max = 1}).name, "expect total of boot");
}

TEST(Expectations, RatesAreJudgedAsFractions) {
  // 100 exits in 8 s are 12.5 a second.
  const auto rate = [](std::optional<std::uint64_t> min, std::optional<std::uint64_t> max) {
    return one({.step = "boot", .reason = "total", .per_second = true, .min = min, .max = max});
  };
  EXPECT_TRUE(rate(12, 13).ok);
  EXPECT_FALSE(rate(13, {}).ok);
  EXPECT_EQ(rate(13, {}).left, 12u);
  EXPECT_FALSE(rate({}, 12).ok);
  EXPECT_EQ(rate({}, 12).left, 13u);
  EXPECT_EQ(rate(1, {}).name, "expect total of boot, a second");
  Step unknown = boot();
  unknown.seconds.reset();
  const auto check =
      one({.step = "boot", .reason = "total", .per_second = true, .min = 0}, unknown);
  EXPECT_FALSE(check.ok);
  EXPECT_THAT(check.detail, HasSubstr("time is not known"));
}

Step boot_with_causes() {
  Step step = boot();
  step.causes = {{0x400, "mmio 0xfee00300 APIC ICR: write", "native_apic_mem_write", 30, {}},
                 {0x72, "leaf 0x4", "init_intel_cacheinfo", 35, {}},
                 {0x400, "mmio 0xfee00310 APIC ICR2: write", "native_apic_mem_write", 20, {}},
                 {0x400, "(others)", "(others)", 10, {}}};
  step.causes_lost = {{0x72, 5}};
  return step;
}

TEST(Expectations, BudgetsPerCauseAddUpWhatMatches) {
  const Step step = boot_with_causes();
  const auto judged = [&](const std::string& cause, std::optional<std::uint64_t> min,
                          std::optional<std::uint64_t> max) {
    return one({.step = "boot", .reason = "total", .cause = cause, .min = min, .max = max}, step);
  };
  EXPECT_EQ(judged("APIC ICR", 50, {}).left, 50u);
  EXPECT_TRUE(judged("APIC ICR", 50, {}).ok);
  EXPECT_FALSE(judged("native_apic_mem_write", {}, 49).ok);
  EXPECT_EQ(judged("write, native_apic", 1, {}).left, 50u);  // across detail and place
  EXPECT_TRUE(judged("APIC ICR", {}, 60).ok);
  EXPECT_EQ(judged("APIC ICR", 1, {}).name, "expect cause 'APIC ICR' of total of boot");
  EXPECT_FALSE(
      one({.step = "boot", .reason = "CPUID", .cause = "APIC", .min = 1}, step).ok);  // not there
}

// "At most 55" must not pass where 10 more exits of that reason have no cause.
TEST(Expectations, BudgetsPerCauseDoNotPassOnWhatIsNotKnown) {
  const Step step = boot_with_causes();
  const auto judged = [&](const std::string& cause, std::uint64_t max, const Step& in) {
    return one({.step = "boot", .reason = "total", .cause = cause, .max = max}, in);
  };
  EXPECT_FALSE(judged("APIC ICR", 55, step).ok);
  EXPECT_EQ(judged("APIC ICR", 55, step).left, std::nullopt);
  EXPECT_THAT(judged("APIC ICR", 55, step).detail,
              HasSubstr("cannot be judged: 50 exits, and 10 whose cause is not known"));
  EXPECT_EQ(judged("APIC ICR", 40, step).left, 50u);  // too many anyway
  EXPECT_FALSE(judged("leaf 0x4", 39, step).ok);      // 5 were lost
  EXPECT_FALSE(judged("io 0x3f8", 4, step).ok);
  EXPECT_TRUE(judged("io 0x3f8", 5, step).ok);
  const exits::Check foreign =
      one({.step = "boot", .reason = "EPT_VIOLATION", .cause = "mmio", .max = 5}, step);
  EXPECT_FALSE(foreign.ok);
  EXPECT_THAT(foreign.detail, HasSubstr("svm has no reason"));
  const exits::Check without = judged("APIC ICR", 500, boot());
  EXPECT_FALSE(without.ok);
  EXPECT_THAT(without.detail, HasSubstr("the trial has no causes (lab run --causes)"));
}

TEST(Expectations, WhatIsMissingIsNeverOk) {
  EXPECT_FALSE(one({.step = "other", .reason = "total", .min = 0}).ok);
  const auto foreign = one({.step = "boot", .reason = "EPT_VIOLATION", .max = 5});
  EXPECT_FALSE(foreign.ok);
  EXPECT_THAT(foreign.detail, HasSubstr("svm has no reason 'EPT_VIOLATION'"));
  EXPECT_FALSE(has_reason(Vendor::svm, {.step = "boot", .reason = "EPT_VIOLATION"}));
  EXPECT_TRUE(has_reason(Vendor::vmx, {.step = "boot", .reason = "EPT_VIOLATION"}));
  Step uncounted = boot();
  uncounted.exits.reset();
  EXPECT_FALSE(one({.step = "boot", .category = exits::Category::io, .max = 5}, uncounted).ok);
}

TEST(Expectations, EachGuestHasItsOwn) {
  const std::vector<Step> steps = {boot(1, 60), boot(2, 70)};
  const auto checks = judge({.step = "boot", .reason = "NPF", .max = 65}, steps, Vendor::svm);
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_TRUE(checks[0].ok);
  EXPECT_FALSE(checks[1].ok);
  EXPECT_EQ(checks[1].name, "guest 2: expect NPF of boot");
}

TEST(Expectations, HoldWhereTheCellAgrees) {
  scenario::TrialPlan plan;
  plan.cell = {{"kvm.paging", "shadow"}, {"guest.vcpus", "2"}};
  plan.expect = {{.step = "boot", .reason = "total", .max = 1, .where = {{"paging", "nested"}}},
                 {.step = "boot", .reason = "NPF", .max = 1, .where = {{"paging", "shadow"}}}};
  const Step step = boot();
  const auto checks = judge_expectations(plan, {&step, 1}, Vendor::svm);
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].name, "expect NPF of boot");
  EXPECT_TRUE(scenario::matches({}, plan.cell));
  EXPECT_FALSE(scenario::matches({{"guest.vcpus", "2"}, {"image", "tiny"}}, plan.cell));
}

class Relations : public testing::Test {
 protected:
  void trial(const std::string& paging, int repeat, std::uint64_t npf,
             Outcome outcome = Outcome::passed) {
    scenario::TrialPlan plan;
    plan.scenario = "p";
    plan.name = "p[paging=" + paging + "]#" + std::to_string(repeat);
    plan.cell = {{"kvm.paging", paging}};
    Record record;
    record.scenario = plan.scenario;
    record.trial = plan.name;
    record.outcome = outcome;
    record.conditions["vendor"] = "svm";
    record.steps = {boot(1, npf)};
    plans.push_back(plan);
    records.push_back(record);
  }
  RelationResult judge(std::optional<double> min, std::optional<double> max,
                       const std::string& reason = "NPF") const {
    scenario::Scenario scenario;
    scenario.name = "p";
    scenario::Relation relation;
    relation.step = "boot";
    relation.reason = reason;
    relation.of = {{"kvm.paging", "shadow"}};
    relation.to = {{"kvm.paging", "nested"}};
    relation.min = min;
    relation.max = max;
    scenario.relations = {relation};
    return judge_relations(scenario, plans, records).at(0);
  }
  std::vector<scenario::TrialPlan> plans;
  std::vector<Record> records;
};

TEST_F(Relations, CompareMediansOfPassedTrials) {
  trial("nested", 1, 10);
  trial("nested", 2, 20);
  trial("nested", 3, 1000, Outcome::failed);
  trial("shadow", 1, 30);
  const RelationResult result = judge(2, {});
  EXPECT_EQ(result.text, "NPF of boot: paging=shadow / paging=nested");
  EXPECT_EQ(result.left, 30);
  EXPECT_EQ(result.right, 15);
  EXPECT_EQ(result.ratio, 2);
  EXPECT_EQ(result.ok, true);
  EXPECT_EQ(judge(2.1, {}).ok, false);
  EXPECT_EQ(judge({}, 1.9).ok, false);
  EXPECT_EQ(judge(1.5, 2).ok, true);
  EXPECT_THAT(result.detail, HasSubstr("medians of 1 and 2 passed trials"));
}

TEST_F(Relations, WithoutDataThereIsNoJudgement) {
  trial("nested", 1, 10);
  EXPECT_EQ(judge(2, {}).ok, std::nullopt);
  trial("shadow", 1, 0, Outcome::guest_failed);
  EXPECT_EQ(judge(2, {}).ok, std::nullopt);
  EXPECT_EQ(judge(2, {}).left, std::nullopt);
}

TEST_F(Relations, Zeros) {
  trial("nested", 1, 0);
  trial("shadow", 1, 5);
  EXPECT_EQ(judge(2, {}).ok, true);
  EXPECT_EQ(judge({}, 100).ok, false);
  EXPECT_EQ(judge(2, {}).ratio, std::nullopt);
  EXPECT_EQ(judge(2, {}, "IOIO").ok, std::nullopt);
}

}  // namespace
}  // namespace lab::record
