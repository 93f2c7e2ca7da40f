// SPDX-License-Identifier: MIT
// Tests without KVM that the tests of the kernel side detect faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "kvm-patch/exit_leaves.h"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"

namespace lab::vmm {
namespace {

using exits::Answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Query answered(std::uint64_t rax, std::uint64_t rbx, std::uint64_t rcx, std::uint64_t rdx) {
  return {.in = {0x4ffffffd, 0, 0x72, 0}, .out = {rax, rbx, rcx, rdx}};
}

std::string fault(const Query& query, Answer answer, bool defined = true,
                  Processor processor = Processor::amd) {
  return find_fault(query, answer, defined, processor);
}

TEST(FaultOf, LeavesOnlyTheAnswersOwnRegistersFree) {
  EXPECT_EQ(fault(answered(5, 0, 0, 0), Answer::count), "");
  EXPECT_THAT(fault(answered(5, 1, 0, 0), Answer::count), HasSubstr("rbx is 0x1"));
  EXPECT_THAT(fault(answered(5, 0, 0, 1), Answer::total), HasSubstr("rdx"));
  EXPECT_EQ(fault(answered(0, 1, 2, 0), Answer::cycles), "");
  EXPECT_THAT(fault(answered(3, 1, 2, 0), Answer::cycles), HasSubstr("rax"));
  EXPECT_EQ(fault(answered(3, 1, 2, 0), Answer::total_and_cycles), "");
}

TEST(FaultOf, SeesUpperHalves) {
  EXPECT_THAT(fault(answered(1ull << 32, 0, 0, 0), Answer::count), HasSubstr("rax"));
  EXPECT_THAT(fault(answered(0, 0, 1ull << 40, 0), Answer::cycles), HasSubstr("rcx"));
}

TEST(FaultOf, WantsTheMarkOfUndefinedNumbers) {
  EXPECT_EQ(fault(answered(0, 0, 0, EXIT_LEAF_UNDEFINED), Answer::count, false), "");
  EXPECT_THAT(fault(answered(0, 0, 0, 0), Answer::count, false), HasSubstr("rdx"));
  EXPECT_THAT(fault(answered(1, 0, 0, EXIT_LEAF_UNDEFINED), Answer::cycles, false),
              HasSubstr("rax"));
}

TEST(FaultOf, KnowsWhatStockModulesAnswer) {
  EXPECT_EQ(fault(answered(0, 0, 0, 0), Answer::none), "");
  EXPECT_NE(fault(answered(0, 0, 0, 0), Answer::none, true, Processor::intel), "");
  EXPECT_EQ(fault(answered(beyond[0], beyond[1], beyond[2], beyond[3]), Answer::none, true,
                  Processor::intel),
            "");
}

TEST(Loaded, AnswersWhomItMay) {
  const Loaded all{.layout = exits::Layout::ascending};
  EXPECT_EQ(all.answer(0x4ffffffc, Level::user), Answer::total);
  EXPECT_EQ(all.answer(EXIT_LEAF_FIRST, Level::user), Answer::latched);
  EXPECT_EQ(all.answer(EXIT_LEAF_FIRST - 1, Level::kernel), Answer::none);
  EXPECT_EQ(all.leaf(Answer::count), 0x4ffffffeu);
  const Loaded root{.leaves = Leaves::root};
  EXPECT_EQ(root.answer(EXIT_LEAF_LAST, Level::kernel), Answer::total);
  EXPECT_EQ(root.answer(EXIT_LEAF_LAST, Level::user), Answer::none);
  EXPECT_FALSE(Loaded{.counts = false}.answers());
}

TEST(DefinedNumbers, ReachTheLastOne) {
  const auto svm = defined_numbers(exits::Vendor::svm);
  EXPECT_EQ(svm.front(), 0u);
  EXPECT_EQ(svm.back(), 0xffffffffu);
  EXPECT_EQ(svm.size(), 0xa7u + 4 + 4);
}

class HostViewTest : public testing::Test {
 protected:
  HostView view(const std::string& lines, const std::string& exits) const {
    std::ofstream(folder_.path() / "exit_stats") << "exit_stats 2 test\n" + lines + "end\n";
    std::ofstream(folder_.path() / "exits") << exits << "\n";
    return read_host_view(folder_.path());
  }

  base::TemporaryFolder folder_{std::filesystem::temp_directory_path(), "lab-vmm"};
};

const std::string good =
    "vcpus 1\n"
    "total exits=7 cycles=90 to_entry=120 fastpath=0 nested=2 failed_entries=0\n"
    "kvm_exits 7\n"
    "reason 114 name=cpuid exits=5 cycles=60 to_entry=80 fastpath=0 nested=2 latched=3\n"
    "reason 123 name=io exits=2 cycles=30 to_entry=40 fastpath=0 nested=0 latched=0\n"
    "vcpu 0 exits=7 cycles=90 to_entry=120 kvm_exits=7 consistent=1\n";

TEST_F(HostViewTest, ReadsFormat2) {
  const HostView read = view(good, "7");
  EXPECT_EQ(read.of(114, "exits"), 5u);
  EXPECT_EQ(read.of(1, "exits"), 0u);
  EXPECT_EQ(read.sum("nested"), 2u);
  Report report;
  expect_consistent(read, report);
  EXPECT_THAT(report.faults, IsEmpty());
}

TEST_F(HostViewTest, SeesEachInequality) {
  Report report;
  expect_consistent(view(good, "8"), report);
  EXPECT_THAT(report.faults, ElementsAre(HasSubstr("KVM's file exits: 7 and 8")));
  Report sums;
  std::string other = good;
  other.replace(other.find("exits=5"), 7, "exits=4");
  expect_consistent(view(other, "7"), sums);
  EXPECT_THAT(sums.faults, ElementsAre(HasSubstr("sum over reasons: 7 and 6")));
}

TEST_F(HostViewTest, RefusesWhatIsCutOffOrOfAnotherFormat) {
  EXPECT_THROW(view("reason 1 exits=x\n", "0"), base::Error);
  std::ofstream(folder_.path() / "exit_stats") << "exit_stats 2 test\nvcpus 1\n";
  EXPECT_THROW(read_host_view(folder_.path()), base::Error);
  std::ofstream(folder_.path() / "exit_stats") << "exit_stats 1 test\nend\n";
  EXPECT_THROW(read_host_view(folder_.path()), base::Error);
}

TEST(Report, KeepsTheFirstFaultsAndCountsAll) {
  Report report;
  for (int i = 0; i < 50; ++i) report.fault("x");
  EXPECT_EQ(report.faults.size(), 20u);
  EXPECT_EQ(report.fault_count, 50u);
}

}  // namespace
}  // namespace lab::vmm
