// SPDX-License-Identifier: MIT
#include "orchestrator/trial/self_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/trial/observe/host_counts.hpp"

namespace lab::trial {
namespace {

using exits::Counts;
using testing::HasSubstr;

const Counts others{300, 0, {{114, 100, {}}, {123, 200, {}}}};
const Counts before{50, 0, {{114, 20, {}}, {120, 30, {}}}};
const Counts after{75, 0, {{114, 40, {}}, {120, 35, {}}}};

Counts read(std::uint64_t cpuid, std::uint64_t hlt, std::uint64_t io) {
  return {cpuid + hlt + io, 0, {{114, cpuid, {}}, {120, hlt, {}}, {123, io, {}}}};
}

TEST(ScopeSum, HoldsWhereTheLastGuestReadTheOthersAndItsOwn) {
  const exits::Check check = check_scope_sum(read(140, 32, 200), others, before, after, 20);
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_EQ(check.left, 372u);
  EXPECT_EQ(check.right, 375u);
}

TEST(ScopeSum, FailsWhereAGuestIsMissingOrCountedTwice) {
  EXPECT_FALSE(check_scope_sum(read(40, 32, 0), others, before, after, 20).ok);
  EXPECT_FALSE(check_scope_sum(read(240, 32, 400), others, before, after, 20).ok);
}

TEST(ScopeSum, FailsWhereOnlyTheTotalFits) {
  const exits::Check check = check_scope_sum(read(141, 32, 199), others, before, after, 20);
  EXPECT_FALSE(check.ok);
  EXPECT_THAT(check.detail, HasSubstr("number 123: 199 read, 200 of the others"));
  EXPECT_THAT(check.detail, HasSubstr("number 114: 141 read"));
  // One reason was not read at all.
  Counts without = read(140, 32, 200);
  without.reasons.pop_back();
  EXPECT_FALSE(check_scope_sum(without, others, before, after, 20).ok);
}

TEST(HostCounts, WhatCameBetween) {
  const Counts early{10, 100, {{1, 10, 100}}};
  const Counts late{25, 300, {{1, 15, 150}, {2, 10, 150}}};
  const exits::StepCounts step = counts_between(early, late);
  EXPECT_EQ(step.exits, 15u);
  EXPECT_EQ(step.cycles, 200u);
  ASSERT_EQ(step.reasons.size(), 2u);
  EXPECT_EQ(step.reasons[0], (exits::ReasonCount{1, 5, 50}));
  EXPECT_EQ(step.reasons[1], (exits::ReasonCount{2, 10, 150}));
  EXPECT_TRUE(counts_between(late, late).reasons.empty());
  EXPECT_EQ(sum(early, late).total, 35u);
  EXPECT_EQ(sum(early, late).reasons[0], (exits::ReasonCount{1, 25, 250}));
}

TEST(HostCounts, SeveralVmsTogether) {
  exits::HostStats one;
  one.vcpus = 2;
  one.total.exits = 10;
  one.reasons.resize(1);
  one.reasons[0].number = 7;
  one.reasons[0].exits = 10;
  one.by_vcpu.resize(2);
  one.by_vcpu[1].id = 1;
  exits::HostStats two = one;
  two.reasons[0].number = 8;
  const exits::HostStats all = together(std::vector{one, two, one});
  EXPECT_EQ(all.vcpus, 6u);
  EXPECT_EQ(all.total.exits, 30u);
  ASSERT_EQ(all.reasons.size(), 2u);
  EXPECT_EQ(all.reasons[0].exits, 20u);
  EXPECT_EQ(all.by_vcpu.back().id, 5u);
}

TEST(Tracepoint, DiffersByName) {
  exits::HostStats host;
  host.vendor = exits::Vendor::svm;
  host.total.exits = 12;
  host.reasons.resize(1);
  host.reasons[0].number = 114;
  host.reasons[0].exits = 12;
  const Counts created{2, 0, {{114, 2, {}}}};
  EXPECT_TRUE(check_tracepoint(host, created, {{114, 10}}).ok);
  const exits::Check check = check_tracepoint(host, created, {{114, 9}, {120, 1}});
  EXPECT_FALSE(check.ok);
  EXPECT_THAT(check.detail, HasSubstr("CPUID: 10 against 9"));
}

TEST(Tracepoint, WhatVmxRefusesIsEmulatedUntraced) {
  exits::HostStats host;
  host.total.exits = 162;
  host.reasons.resize(2);
  host.reasons[0].number = 10;
  host.reasons[0].exits = 12;
  host.reasons[1].number = 33;
  host.reasons[1].exits = 150;
  const exits::Check check = check_tracepoint(host, {}, {{10, 12}, {33, 1}});
  EXPECT_TRUE(check.ok) << check.detail;
  EXPECT_EQ(check.left, 13u);
  EXPECT_EQ(check.right, 13u);
  EXPECT_THAT(check.detail, HasSubstr("149 exits without an entry"));
  EXPECT_FALSE(check_tracepoint(host, {}, {{10, 12}, {33, 151}}).ok);
  EXPECT_FALSE(check_tracepoint(host, {}, {{10, 11}}).ok);
  host.vendor = exits::Vendor::svm;  // there 33 is a write to DR1
  EXPECT_FALSE(check_tracepoint(host, {}, {{10, 12}}).ok);
}

}  // namespace
}  // namespace lab::trial
