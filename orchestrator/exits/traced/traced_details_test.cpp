// SPDX-License-Identifier: MIT
#include "orchestrator/exits/traced/traced_details.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::exits {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t svm_io = 0x7b, svm_msr = 0x7c, svm_cpuid = 0x72;
constexpr std::uint64_t byte = 1 << 16, in = 1 << 24, string = 1 << 25, rep = 1 << 26;
constexpr std::uint64_t write = 1ull << 32;
constexpr std::uint8_t kernel = 5, nested = 5 | 0x80;

CausedDetails svm(std::map<CauseKey, CauseCount> causes,
                  std::map<std::uint32_t, std::uint64_t> lost = {}) {
  return {.vendor = Vendor::svm, .causes = {.causes = std::move(causes), .lost = std::move(lost)}};
}

CauseKey at(std::uint32_t number, std::uint64_t detail, std::uint64_t rip = 1,
            std::uint8_t kind = kernel) {
  return {number, kind, detail, rip};
}

Check check(const std::string& tracepoint, const CausedDetails& caused,
            const TracedDetails& traced) {
  for (Check& check : check_details(caused, traced))
    if (check.name.ends_with(tracepoint)) return check;
  ADD_FAILURE() << "no check of " << tracepoint;
  return {};
}

TEST(TracedDetails, EachPortAndDirectionIsComparedOverAllPlaces) {
  const CausedDetails caused = svm({{at(svm_io, 0x3f8 | byte, 1), {5, 0}},
                                    {at(svm_io, 0x3f8 | byte, 2), {3, 0}},
                                    {at(svm_io, 0x3f8 | byte | in), {2, 0}}});
  const Check right =
      check("kvm_pio", caused, {.pio = {{0x3f8 | byte, 8}, {0x3f8 | byte | in, 2}}});
  EXPECT_TRUE(right.ok) << right.detail;
  EXPECT_EQ(right.name, "at rest: io causes = tracepoint kvm_pio");
  EXPECT_EQ(right.left, 10u);
  EXPECT_EQ(right.right, 10u);
  // The sum is the same, but one event has the other direction.
  const Check bad = check("kvm_pio", caused, {.pio = {{0x3f8 | byte, 7}, {0x3f8 | byte | in, 3}}});
  EXPECT_FALSE(bad.ok);
  EXPECT_THAT(bad.detail, HasSubstr("; detail 0x103f8: causes 8, traced 7"));
  EXPECT_THAT(bad.detail, HasSubstr("; detail 0x10103f8: causes 2, traced 3"));
}

TEST(TracedDetails, AnEventWithoutACauseAndACauseWithoutAnEventAreFound) {
  EXPECT_FALSE(check("kvm_pio", svm({}), {.pio = {{0x70 | byte, 1}}}).ok);
  EXPECT_FALSE(check("kvm_pio", svm({{at(svm_io, 0x70 | byte), {1, 0}}}), {}).ok);
  EXPECT_FALSE(check("kvm_msr", svm({}), {.msr = {{0x10, 1}}}).ok);
  EXPECT_FALSE(check("kvm_cpuid", svm({}), {.cpuid = {{1, 1}}}).ok);
}

TEST(TracedDetails, AStringInstructionMakesAnyNumberOfAccessesAnExit) {
  const CausedDetails caused = svm({{at(svm_io, 0x1f0 | byte | in | string | rep), {1, 0}},
                                    {at(svm_io, 0x1f0 | byte | in), {2, 0}}});
  EXPECT_TRUE(check("kvm_pio", caused, {.pio = {{0x1f0 | byte | in, 258}}}).ok);
  // The exits that are no string instructions still need events.
  EXPECT_FALSE(check("kvm_pio", caused, {.pio = {{0x1f0 | byte | in, 1}}}).ok);
  EXPECT_FALSE(check("kvm_pio", caused, {.pio = {{0x1f0 | byte, 2}}}).ok);
}

TEST(TracedDetails, ReadAndWriteOfAnMsrAreApart) {
  const CausedDetails caused =
      svm({{at(svm_msr, 0x6e0 | write), {7, 0}}, {at(svm_msr, 0x6e0), {1, 0}}});
  EXPECT_TRUE(check("kvm_msr", caused, {.msr = {{0x6e0 | write, 7}, {0x6e0, 1}}}).ok);
  EXPECT_FALSE(check("kvm_msr", caused, {.msr = {{0x6e0 | write, 8}}}).ok);
  CausedDetails vmx = caused;
  vmx.vendor = Vendor::vmx;
  vmx.causes.causes = {{at(32, 0x6e0 | write), {7, 0}}, {at(31, 0x6e0), {1, 0}}};
  EXPECT_TRUE(check("kvm_msr", vmx, {.msr = {{0x6e0 | write, 7}, {0x6e0, 1}}}).ok);
}

TEST(TracedDetails, SubleavesCountWhereTheLeafHasSome) {
  const CausedDetails caused = svm({{at(svm_cpuid, 1), {3, 0}},
                                    {at(svm_cpuid, 4), {1, 0}},
                                    {at(svm_cpuid, 4 | 1ull << 32), {2, 0}},
                                    {at(svm_cpuid, 0xd | 64ull << 32), {2, 0}}});
  // Leaf 1 ignores ecx; for leaf 0xd all values from 64 on are one.
  TracedDetails traced{.cpuid = {{1, 1},
                                 {1 | 7ull << 32, 2},
                                 {4, 1},
                                 {4 | 1ull << 32, 2},
                                 {0xd | 64ull << 32, 1},
                                 {0xd | 0xffffffffull << 32, 1}}};
  const Check right = check("kvm_cpuid", caused, traced);
  EXPECT_TRUE(right.ok) << right.detail;
  std::swap(traced.cpuid[4], traced.cpuid[4 | 1ull << 32]);
  EXPECT_FALSE(check("kvm_cpuid", caused, traced).ok);
}

TEST(TracedDetails, LabsOwnLeavesAreNeverTraced) {
  CausedDetails caused = svm({{at(svm_cpuid, 0x4fffffff), {9, 0}}, {at(svm_cpuid, 1), {1, 0}}});
  const Check right = check("kvm_cpuid", caused, {.cpuid = {{1, 1}}});
  EXPECT_TRUE(right.ok) << right.detail;
  EXPECT_EQ(right.left, 1u);
  EXPECT_FALSE(check("kvm_cpuid", caused, {.cpuid = {{1, 1}, {0x4fffffff, 1}}}).ok);
  // With exit_leaves=root the guest's table answers user space.
  caused.leaves_answer = false;
  EXPECT_TRUE(check("kvm_cpuid", caused, {.cpuid = {{1, 1}, {0x4fffffff, 4}}}).ok);
  EXPECT_FALSE(check("kvm_cpuid", caused, {.cpuid = {{1, 1}, {0x4fffffff, 10}}}).ok);
  // 0x4ffffffc is not one of lab's leaves in this layout.
  caused = svm({{at(svm_cpuid, 0x4ffffffc), {2, 0}}});
  caused.layout = Layout::combined;
  EXPECT_TRUE(check("kvm_cpuid", caused, {.cpuid = {{0x4ffffffc, 2}}}).ok);
  EXPECT_FALSE(check("kvm_cpuid", caused, {}).ok);
}

TEST(TracedDetails, AnEmulatedStringInstructionOf32BitsMayAskForTheVendor) {
  constexpr std::uint8_t protected_32 = 3;
  const TracedDetails traced{.pio = {{0x511 | byte | in, 1}}, .cpuid = {{0, 3}}};
  CausedDetails caused = svm({{at(svm_cpuid, 0), {2, 0}}});
  EXPECT_FALSE(check("kvm_cpuid", caused, traced).ok);
  caused.causes.causes[at(svm_io, 0x511 | byte | in | string | rep)] = {2, 0};
  EXPECT_FALSE(check("kvm_cpuid", caused, traced).ok);  // 64-bit code
  caused.causes.causes[at(svm_io, 0x511 | byte | in | string | rep, 1, protected_32)] = {2, 0};
  EXPECT_TRUE(check("kvm_cpuid", caused, traced).ok);
  EXPECT_FALSE(check("kvm_cpuid", caused, {.cpuid = {{0, 5}}}).ok);
  EXPECT_FALSE(check("kvm_cpuid", caused, {.cpuid = {{0, 1}}}).ok);
}

TEST(TracedDetails, ANestedGuestsExitMayBeItsOwnHypervisors) {
  const CausedDetails caused =
      svm({{at(svm_msr, 0x10), {2, 0}}, {at(svm_msr, 0x10, 1, nested), {3, 0}}});
  EXPECT_TRUE(check("kvm_msr", caused, {.msr = {{0x10, 2}}}).ok);
  EXPECT_TRUE(check("kvm_msr", caused, {.msr = {{0x10, 5}}}).ok);
  EXPECT_FALSE(check("kvm_msr", caused, {.msr = {{0x10, 1}}}).ok);
  EXPECT_FALSE(check("kvm_msr", caused, {.msr = {{0x10, 6}}}).ok);
}

TEST(TracedDetails, LostCausesAreWhatMayBeTracedBeyond) {
  const CausedDetails caused = svm({{at(svm_io, 0x70 | byte), {4, 0}}}, {{svm_io, 3}});
  EXPECT_TRUE(check("kvm_pio", caused, {.pio = {{0x70 | byte, 5}, {0x80 | byte, 2}}}).ok);
  EXPECT_FALSE(check("kvm_pio", caused, {.pio = {{0x70 | byte, 3}, {0x80 | byte, 3}}}).ok);
  // There are more events in all than causes were lost.
  const Check many = check("kvm_pio", caused, {.pio = {{0x70 | byte, 6}, {0x80 | byte, 2}}});
  EXPECT_FALSE(many.ok);
  EXPECT_THAT(many.detail, HasSubstr("4 events of no cause, 3 exits lost theirs"));
}

TEST(TracedDetails, WhereKvmEmulatesTheGuestMayDoMoreThanExit) {
  CausedDetails vmx{.causes = {.causes = {{at(30, 0x70 | byte), {1, 0}}}, .lost = {}}};
  const TracedDetails more{.pio = {{0x70 | byte, 9}, {0x71 | byte, 1}}};
  EXPECT_FALSE(check("kvm_pio", vmx, more).ok);
  vmx.causes.causes[at(33, 0)] = {1, 0};
  EXPECT_TRUE(check("kvm_pio", vmx, more).ok);
  EXPECT_FALSE(check("kvm_pio", vmx, {}).ok);
}

TEST(TracedDetails, MovesOfCrsAreTracedWhereTheProcessorNamesTheRegister) {
  const CausedDetails caused =
      svm({{at(0x14, 4 | 1 << 8), {6, 0}}, {at(0x10, 0 | 1 << 8), {5, 0}}, {at(0x03, 3), {2, 0}}});
  // Without decode assists KVM emulates them all, untraced.
  EXPECT_TRUE(check("kvm_cr", caused, {}).ok);
  EXPECT_FALSE(check("kvm_cr", caused, {.cr = {{3, 1}}}).ok);
  // With decode assists LMSW and CLTS, which write CR0, are not traced.
  const Check right = check(
      "kvm_cr", caused, {.cr = {{4 | 1 << 8, 6}, {1 << 8, 3}, {3, 2}}, .has_decode_assists = true});
  EXPECT_TRUE(right.ok) << right.detail;
  EXPECT_FALSE(
      check("kvm_cr", caused, {.cr = {{4 | 1 << 8, 5}, {3, 2}}, .has_decode_assists = true}).ok);
  EXPECT_FALSE(check("kvm_cr", caused,
                     {.cr = {{4 | 1 << 8, 6}, {1 << 8, 6}, {3, 2}}, .has_decode_assists = true})
                   .ok);
  // On VMX, LMSW is traced as a write of CR0, CLTS is not.
  CausedDetails vmx{.causes = {.causes = {{at(28, 1 << 8 | 2 << 9), {2, 0}},
                                          {at(28, 1 << 8 | 1 << 9), {1, 0}},
                                          {at(28, 3), {4, 0}}},
                               .lost = {}}};
  EXPECT_TRUE(check("kvm_cr", vmx, {.cr = {{1 << 8, 2}, {3, 4}}}).ok);
  EXPECT_FALSE(check("kvm_cr", vmx, {.cr = {{1 << 8, 1}, {3, 4}}}).ok);
  EXPECT_FALSE(check("kvm_cr", vmx, {.cr = {{1 << 8, 2}, {3, 3}}}).ok);
}

constexpr std::uint64_t writes = 1ull << 52, fetches = 2ull << 52;
constexpr std::uint64_t ram = 1ull << 56, read_only = 2ull << 56, device = 3ull << 56,
                        of_nested = 4ull << 56;

TEST(TracedMemory, RamIsComparedByTwoMebibytesAndADeviceByItsAddress) {
  const CausedDetails caused = svm({{at(0x400, 0x200000), {2, 0}},
                                    {at(0x400, 0x200000 | writes | ram), {1, 0}},
                                    {at(0x400, 0xff000 | read_only | fetches), {1, 0}},
                                    {at(0x400, 0xfee000b0 | device | writes), {3, 0}}});
  TracedDetails traced{.page_faults = {{{0x201000, 4}, 1},
                                       {{0x3fffff, 4}, 1},
                                       {{0x212000, 7}, 1},
                                       {{0xff123, 0x15}, 1},
                                       {{0xfee000b0, 0xf}, 2},
                                       {{0xfee000b0, 6}, 1}},
                       .mmio = {{{0xfee000b0, 2}, 2}}};
  const Check right = check("kvm_page_fault", caused, traced);
  EXPECT_TRUE(right.ok) << right.detail;
  EXPECT_EQ(right.left, 7u);
  TracedDetails moved = traced;
  moved.page_faults.erase({0x201000, 4});
  moved.page_faults[{0x400000, 4}] = 1;
  EXPECT_THAT(check("kvm_page_fault", caused, moved).detail,
              HasSubstr("; detail 0x200000: causes 2, traced 1; detail 0x400000: causes 0"));
  moved = traced;
  moved.page_faults.erase({0xfee000b0, 6});
  moved.page_faults[{0xfee000c0, 6}] = 1;  // another register of the same page
  EXPECT_FALSE(check("kvm_page_fault", caused, moved).ok);
  moved = traced;
  moved.page_faults.erase({0x212000, 7});
  moved.page_faults[{0x212000, 5}] = 1;  // read, not written
  EXPECT_FALSE(check("kvm_page_fault", caused, moved).ok);
}

TEST(TracedMemory, AViolationsQualificationSaysTheAccess) {
  CausedDetails vmx{.causes = {.causes = {{at(48, 0x200000 | fetches), {1, 0}},
                                          {at(48, 0x200000 | writes), {1, 0}}},
                               .lost = {}}};
  TracedDetails traced{.page_faults = {{{0x200000, 0x184}, 1}, {{0x200008, 0x182}, 1}}};
  EXPECT_TRUE(check("kvm_page_fault", vmx, traced).ok);
  traced.page_faults = {{{0x200000, 0x181}, 1}, {{0x200008, 0x182}, 1}};
  EXPECT_FALSE(check("kvm_page_fault", vmx, traced).ok);
}

TEST(TracedMemory, AGuestOfTheGuestsFaultMayBeItsHypervisors) {
  const CausedDetails caused =
      svm({{at(0x400, 0), {1, 0}}, {at(0x400, of_nested | 0x200000, 1, nested), {4, 0}}});
  EXPECT_TRUE(check("kvm_page_fault", caused, {.page_faults = {{{0x1000, 4}, 1}}}).ok);
  EXPECT_TRUE(
      check("kvm_page_fault", caused, {.page_faults = {{{0x1000, 4}, 1}, {{0x200000, 4}, 4}}}).ok);
  EXPECT_FALSE(
      check("kvm_page_fault", caused, {.page_faults = {{{0x1000, 4}, 1}, {{0x200000, 4}, 5}}}).ok);
}

TEST(TracedMemory, ShadowPagingIsComparedByErrorCode) {
  const CausedDetails caused = svm({{at(0x4e, 14 | 2ull << 32), {3, 0}},
                                    {at(0x4e, 14 | 4ull << 32), {1, 0}},
                                    {at(0x46, 6), {7, 0}}});
  EXPECT_TRUE(check("kvm_page_fault", caused,
                    {.page_faults = {{{0x1000, 2}, 2},
                                     {{0xffffffff81000000, 2}, 1},
                                     {{0x7000, 4 | 1ull << 48}, 1}}})  // one of KVM's own bits
                  .ok);
  EXPECT_FALSE(
      check("kvm_page_fault", caused, {.page_faults = {{{0x1000, 2}, 2}, {{0x7000, 4}, 2}}}).ok);
}

TEST(TracedMemory, OtherExceptionsOfVmxAreNoPageFaults) {
  const CausedDetails vmx{
      .causes = {.causes = {{at(0, 14 | 2ull << 32), {3, 0}}, {at(0, 6), {5, 0}}}, .lost = {}}};
  EXPECT_TRUE(check("kvm_page_fault", vmx, {.page_faults = {{{0x1000, 2}, 3}}}).ok);
  EXPECT_FALSE(check("kvm_page_fault", vmx, {.page_faults = {{{0x1000, 2}, 4}}}).ok);
}

TEST(TracedMemory, EachExitOfADeviceIsEmulatedAtItsAddress) {
  const CausedDetails caused = svm({{at(0x400, 0xfee000b0 | device | writes), {3, 0}},
                                    {at(0x400, 0xfee00020 | device), {2, 0}}});
  TracedDetails traced{
      .page_faults = {{{0xfee000b0, 0xf}, 3}, {{0xfee00020, 0xd}, 1}, {{0xfee00020, 4}, 1}},
      .mmio = {{{0xfee000b0, 2}, 3}, {{0xfee00020, 1}, 1}, {{0xfee00020, 0}, 9}}};
  const Check right = check("kvm_mmio", caused, traced);
  EXPECT_TRUE(right.ok) << right.detail;
  EXPECT_EQ(right.left, 4u);
  traced.mmio[{0xa0000, 2}] = 77;  // a string instruction needs no exit
  EXPECT_TRUE(check("kvm_mmio", caused, traced).ok);
  traced.mmio[{0xfee000b0, 2}] = 2;
  EXPECT_FALSE(check("kvm_mmio", caused, traced).ok);
  traced.mmio[{0xfee000b0, 2}] = 3;
  traced.mmio.erase({0xfee00020, 1});  // unsatisfied reads do not count as reads
  EXPECT_FALSE(check("kvm_mmio", caused, traced).ok);
}

// Linux 7.2 behaves like this: its tiny guest has 4 exits of virtio's notification and 3 events.
TEST(TracedMemory, AFaultWithAnEventsTypeIsTriedAgainByNewerKernels) {
  const CausedDetails caused = svm({{at(0x400, 0xfebfb014 | device | writes), {4, 0}},
                                    {at(0x400, 0xfebfb00c | device | writes), {2, 0}}});
  TracedDetails traced{
      .page_faults = {{{0xfebfb014, 0xf}, 3}, {{0xfebfb00c, 0xf}, 2}},
      .mmio = {{{0xfebfb014, 2}, 3}, {{0xfebfb00c, 2}, 2}},
      .delivering = {{{0xfebfb014, 0xf}, 1}},
  };
  EXPECT_TRUE(check("kvm_page_fault", caused, traced).ok);
  EXPECT_EQ(check("kvm_page_fault", caused, traced).left, 5u);
  EXPECT_TRUE(check("kvm_mmio", caused, traced).ok);
  TracedDetails other = traced;
  other.delivering = {{{0xfebfb00c, 0xf}, 1}};  // at another register
  EXPECT_FALSE(check("kvm_page_fault", caused, other).ok);
  EXPECT_FALSE(check("kvm_mmio", caused, other).ok);
  // Older kernels trace and emulate it.
  other = traced;
  other.page_faults[{0xfebfb014, 0xf}] = 4;
  other.mmio[{0xfebfb014, 2}] = 4;
  EXPECT_TRUE(check("kvm_page_fault", caused, other).ok);
  EXPECT_TRUE(check("kvm_mmio", caused, other).ok);
  // Either all such faults are traced or none.
  other.delivering = {{{0xfebfb014, 0xf}, 1}, {{0xfebfb00c, 0xf}, 1}};
  other.page_faults = {{{0xfebfb014, 0xf}, 3}, {{0xfebfb00c, 0xf}, 2}};
  EXPECT_FALSE(check("kvm_page_fault", caused, other).ok);
  other.page_faults = {{{0xfebfb014, 0xf}, 3}, {{0xfebfb00c, 0xf}, 1}};
  EXPECT_TRUE(check("kvm_page_fault", caused, other).ok);
}

TEST(TracedMemory, AnEventfdTakesAWriteBeforeItIsAPageFault) {
  const CausedDetails caused = svm({{at(0x400, 0xfebfb014 | device | writes), {5, 0}}});
  const TracedDetails traced{.page_faults = {{{0xfebfb014, 0xf}, 2}},
                             .mmio = {{{0xfebfb014, 2}, 2}},
                             .fast_mmio = {{0xfebfb014, 3}}};
  EXPECT_TRUE(check("kvm_page_fault", caused, traced).ok);
  EXPECT_TRUE(check("kvm_mmio", caused, traced).ok);
  TracedDetails other = traced;
  other.fast_mmio = {{0xfebfb014, 2}};
  EXPECT_FALSE(check("kvm_page_fault", caused, other).ok);
  EXPECT_FALSE(check("kvm_mmio", caused, other).ok);
}

TEST(TracedMemory, AnEventMayHaveLostItsCause) {
  EXPECT_TRUE(check("kvm_page_fault", svm({}, {{0x400, 2}}),
                    {.page_faults = {{{0x1000, 4}, 1}, {{0x80000000, 7}, 1}}})
                  .ok);
  EXPECT_FALSE(
      check("kvm_page_fault", svm({}, {{0x400, 2}}), {.page_faults = {{{0x1000, 4}, 3}}}).ok);
  // More events are left for this device than it has causes.
  const CausedDetails caused =
      svm({{at(0x400, 0xfebfb014 | device | writes), {2, 0}}}, {{0x400, 1}});
  EXPECT_TRUE(check("kvm_page_fault", caused, {.fast_mmio = {{0xfebfb014, 3}}}).ok);
  EXPECT_FALSE(check("kvm_page_fault", caused,
                     {.page_faults = {{{0xfebfb014, 0xf}, 2}}, .fast_mmio = {{0xfebfb014, 3}}})
                   .ok);
  EXPECT_TRUE(check("kvm_mmio", caused, {.delivering = {{{0xfebfb014, 0xf}, 3}}}).ok);
}

TEST(TracedMemory, WhatIsBeyondADevicesExitsIsItsRegions) {
  const CausedDetails caused = svm({{at(0x400, 0xfee000b0 | device | writes), {3, 0}},
                                    {at(0x400, 0xfee00000 | writes), {1, 0}}});
  EXPECT_TRUE(check("kvm_page_fault", caused, {.page_faults = {{{0xfee000b0, 6}, 4}}}).ok);
  EXPECT_FALSE(check("kvm_page_fault", caused, {.page_faults = {{{0xfee000b0, 6}, 5}}}).ok);
  EXPECT_TRUE(check("kvm_mmio", caused, {.page_faults = {{{0xfee000b0, 6}, 4}}}).ok);
}

TEST(TracedMemory, WhatIsFetchedOrTheNestedGuestsIsNotEmulated) {
  const CausedDetails caused = svm({{at(0x400, 0xfee00000 | device | fetches), {2, 0}},
                                    {at(0x400, 0xfee000b0 | device | writes, 1, nested), {3, 0}}});
  EXPECT_TRUE(check("kvm_mmio", caused, {}).ok);
}

TEST(TracedMemory, AMisconfigurationIsEmulatedOrAnEventfds) {
  constexpr std::uint64_t unknown = 3ull << 52;
  CausedDetails vmx{
      .causes = {.causes = {{at(49, 0xfe000000 | device | unknown), {5, 0}}}, .lost = {}}};
  const TracedDetails traced{.mmio = {{{0xfe000000, 1}, 2}}, .fast_mmio = {{0xfe000000, 3}}};
  EXPECT_TRUE(check("kvm_mmio", vmx, traced).ok);
  EXPECT_FALSE(check("kvm_mmio", vmx, {.mmio = {{{0xfe000000, 1}, 2}}}).ok);
  // The first touch of the page is a violation, which no eventfd takes.
  vmx.causes.causes[at(48, 0xfe000000 | device | writes)] = {1, 0};
  EXPECT_TRUE(check("kvm_page_fault", vmx,
                    {.page_faults = {{{0xfe000000, 0x182}, 1}}, .fast_mmio = {{0xfe000000, 3}}})
                  .ok);
}

}  // namespace
}  // namespace lab::exits
