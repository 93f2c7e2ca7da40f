// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/subject.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/check/comparison/causes_record.hpp"

namespace lab::cli {
namespace {

using bisect::Answer;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* serial = "io 0x3f8 serial: write 1";

// Makes one side's trials. Each writes so many more bytes to the console, and nothing else differs.
Measured side(const std::vector<std::uint64_t>& more, const std::string& kernel = "6.1",
              bool exact = true) {
  std::vector<record::Record> records;
  for (const std::uint64_t bytes : more) {
    records.push_back(check::trial_with_causes(int(records.size()) + 1, bytes));
    records.back().trial = "s[kvm.kernel=" + kernel + "]#" + std::to_string(records.size());
    records.back().scenario = "s";
    records.back().steps.front().causes_lost.clear();
    records.back().conditions["outer_kernel"] = kernel;
    if (!exact) records.back().conditions.erase("exact");
  }
  return as_measured({kernel, "kvm.kernel", kernel}, std::move(records));
}

Question question(const std::string& wanted, bool find_fix = false) {
  return {.wanted = wanted,
          .find_fix = find_fix,
          .before = "the good one",
          .after = "the bad one",
          .gate = {.across = {"outer_kernel"}, .floors = {{"s", {}}}}};
}

std::string refusal(const Question& asked, const Measured& before, const Measured& after) {
  try {
    Subject::find(asked, before, after);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    return std::string(error.what()) + " | " + error.hint();
  }
  return "none";
}

TEST(Subject, IsWhatChangedMostWhereNothingIsNamed) {
  const Measured before = side({0}), after = side({5000}, "6.2");
  const auto subject = Subject::find(question(""), before, after);
  ASSERT_TRUE(subject);
  EXPECT_EQ(subject->in_words(), "total of boot");
  EXPECT_THAT(refusal(question("", true), before, after),
              AllOf(HasSubstr("from the good one to the bad one nothing has fewer exits"),
                    HasSubstr("--find-fix")));
  EXPECT_EQ(Subject::find(question("", true), after, before)->in_words(), "total of boot");
}

TEST(Subject, AReasonIsNewFromItsFloorOn) {
  const Measured before = side({0}), after = side({5000}, "6.2");
  const auto subject = Subject::find(question("boot: IOIO"), before, after);
  ASSERT_TRUE(subject);
  EXPECT_EQ(subject->in_words(), "IOIO of boot");
  const auto judged = [&](std::uint64_t more) {
    return subject->judge(before, side({more}, "6.3"));
  };
  EXPECT_EQ(judged(0).answer, Answer::old_state);
  EXPECT_EQ(judged(100).answer, Answer::old_state) << "less than the floor of 1 % of the total";
  EXPECT_EQ(judged(2500).answer, Answer::new_state);
  EXPECT_EQ(judged(2500).exits, std::optional(22671.0 + 2500));
  EXPECT_THAT(refusal(question("boot: NPF"), before, after),
              HasSubstr("'boot: NPF' does not change beyond its floor"));
  EXPECT_THAT(refusal(question("boot: IOIO"), before, side({100}, "6.2")),
              HasSubstr("does not change beyond its floor"));
}

TEST(Subject, ACauseIsCountedByAPartOfItsText) {
  const Measured before = side({0}), after = side({5000}, "6.2");
  const auto subject = Subject::find(question(std::string("boot: ") + serial), before, after);
  ASSERT_TRUE(subject);
  EXPECT_EQ(subject->in_words(), std::string("'") + serial + "' of boot");
  const Subject::Judged judged = subject->judge(before, after);
  EXPECT_EQ(judged.answer, Answer::new_state);
  EXPECT_EQ(judged.exits, std::optional(3854.0 + 5000));
  EXPECT_EQ(subject->judge(before, side({10}, "6.3")).answer, Answer::old_state);
  EXPECT_THAT(refusal(question("boot: pci_conf1"), before, after),
              HasSubstr("'boot: pci_conf1' does not change beyond its floor"));
}

TEST(Subject, ACauseThatMayHideAmongTheUnknownOnesIsNotCounted) {
  const Measured before = side({0}), after = side({5000}, "6.2");
  const auto subject = Subject::find(question(std::string("boot: ") + serial), before, after);
  std::vector<record::Record> records = side({5000}, "6.3").records;
  records.front().steps.front().causes_lost = {{0x7b, 1000}};
  const auto judged =
      subject->judge(before, as_measured({"6.3", "kvm.kernel", "6.3"}, std::move(records)));
  EXPECT_EQ(judged.answer, Answer::skipped);
  EXPECT_EQ(judged.exits, std::nullopt);
  EXPECT_EQ(judged.why, "it has no such count");
}

TEST(Subject, ThatNothingFitsIsRefused) {
  const Measured before = side({0}), after = side({5000}, "6.2");
  EXPECT_THAT(refusal(question("IOIO"), before, after), HasSubstr("names no step"));
  EXPECT_THAT(refusal(question("reboot: IOIO"), before, after),
              AllOf(HasSubstr("no step is named 'reboot'"), HasSubstr("the steps are boot")));
  EXPECT_THAT(refusal(question("boot: floppy"), before, after),
              HasSubstr("no such total or reason, and no cause of it contains 'floppy'"));
}

TEST(Subject, AGoodEndThatIsBadIsRefused) {
  const Measured both_bad = side({5000}), bad = side({5000}, "6.2");
  EXPECT_THAT(refusal(question("boot: IOIO"), both_bad, bad),
              HasSubstr("from the good one to the bad one 'boot: IOIO' does not change beyond"));
  EXPECT_THAT(refusal(question(""), both_bad, bad), HasSubstr("nothing has more exits"));
  const Measured swapped = side({0}, "6.2");
  EXPECT_THAT(refusal(question(""), both_bad, swapped),
              AllOf(HasSubstr("nothing has more exits"), HasSubstr("something else changes")));
}

TEST(Subject, SidesThatDoNotCompareAreRefused) {
  Measured before = side({0}), after = side({5000}, "6.2");
  after.records.front().conditions["vcpus"] = "2";
  after = as_measured(after.state, std::move(after.records));
  EXPECT_THAT(refusal(question("boot: IOIO"), before, after),
              HasSubstr("nothing can be said: other conditions"));
}

// Where counts vary, a point not shown to be new is old only where it cannot be new.
TEST(Subject, IsJudgedByStatisticsWhereCountsVary) {
  const Measured before = side({0, 40, 10, 30, 20, 50, 5, 45}, "6.1", false);
  const Measured after = side({5000, 5040, 5010, 5030, 5020, 5050, 5005, 5045}, "6.2", false);
  EXPECT_EQ(Subject::find(question("boot: IOIO"), side({0, 40}, "6.1", false),
                          side({5000, 5010}, "6.2", false)),
            std::nullopt)
      << "two trials a side show nothing";
  const auto subject = Subject::find(question("boot: IOIO"), before, after);
  ASSERT_TRUE(subject);
  const auto judged = [&](const std::vector<std::uint64_t>& more) {
    return subject->judge(before, side(more, "6.3", false));
  };
  EXPECT_TRUE(judged({1, 41, 11, 31, 21, 51, 6, 46}).sampled);
  EXPECT_EQ(judged({1, 41, 11, 31, 21, 51, 6, 46}).answer, Answer::old_state);
  EXPECT_EQ(judged({5001, 5041, 5011, 5031, 5021, 5051, 5006, 5046}).answer, Answer::new_state);
  const Subject::Judged unclear = judged({0, 9000, 10, 8000, 20, 7000, 5, 9000});
  EXPECT_EQ(unclear.answer, Answer::skipped);
  EXPECT_TRUE(unclear.more_trials_tell) << unclear.why;
}

// One side may have run as a cell of a matrix and the other one alone.
TEST(Measured, CellsAreNamedWithoutTheState) {
  std::vector<record::Record> records = side({0}).records;
  records.push_back(records.front());
  records[0].trial = "s[image=tiny,kvm.kernel=6.1]#1";
  records[1].trial = "s[image=debian-12,kvm.kernel=6.1]#1";
  const Measured measured = as_measured({"6.1", "kvm.kernel", "6.1"}, std::move(records));
  ASSERT_EQ(measured.cells.size(), 2u);
  EXPECT_EQ(measured.cells[0].name, "s[image=tiny]");
  EXPECT_EQ(measured.cells[1].name, "s[image=debian-12]");
  EXPECT_EQ(side({0}).cells.front().name, "s");
}

}  // namespace
}  // namespace lab::cli
