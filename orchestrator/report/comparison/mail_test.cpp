// SPDX-License-Identifier: MIT
#include "orchestrator/report/comparison/mail.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "orchestrator/check/cells_test.hpp"
#include "orchestrator/check/comparison/causes_record.hpp"
#include "orchestrator/report/golden_file.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using testing::HasSubstr;
using testing::Not;

record::Conditions on_kernel(const std::string& kernel) {
  record::Conditions conditions = check::usual;
  conditions["exact"] = "clock by instructions";
  conditions["outer_kernel"] = kernel;
  return conditions;
}

std::string mail(std::uint64_t before, std::uint64_t after,
                 const std::string& name = "94aeff8d0a8a KVM: x86: change how HLT is emulated") {
  const check::Verdict verdict = check::judge(
      check::cells(check::trials(1, before, on_kernel("6.1"))),
      check::cells(check::trials(1, after, on_kernel("6.2"))), {.across = {"outer_kernel"}});
  return mail_text({.before = "4bc3f1e00000 KVM: x86: commit 38",
                    .after = name,
                    .where = "svm (emulated, exact), outer kernel 6.1, 1 trial a side"},
                   verdict);
}

TEST(Mail, IsWhatAPersonPastes) {
  expect_golden("mail.txt", mail(2000, 4000));
}

TEST(Mail, SaysThatNothingChanged) {
  const std::string text = mail(2000, 2000);
  EXPECT_THAT(text, HasSubstr("More: none beyond its floor.\nFewer: none beyond its floor.\n"
                              "All else: 4 counts equal, 0 changed by less than their floors.\n"));
  EXPECT_THAT(text, Not(HasSubstr("*")));
}

TEST(Mail, SaysWhatBecameBetter) {
  const std::string text = mail(4000, 2000);
  EXPECT_THAT(text, HasSubstr("Fewer: "));
  EXPECT_THAT(text, Not(HasSubstr(" *\n"))) << "a star is for what grew";
}

TEST(Mail, AHeadingThatIsLongGoesOnBelowItself) {
  EXPECT_THAT(mail(2000, 2000,
                   "94aeff8d0a8a KVM: x86: count what the guest's idle loop does when "
                   "nobody wakes it"),
              HasSubstr("\nafter   94aeff8d0a8a KVM: x86: count what the guest's idle loop does\n"
                        "        when nobody wakes it\non      svm"));
}

TEST(Mail, CausesAreOfWhatMatters) {
  const auto text_with = [](std::uint64_t more) {
    const record::Record a = check::trial_with_causes(1), b = check::trial_with_causes(1, more);
    const std::vector<record::TrialCounts> before{record::to_counts(a)},
        after{record::to_counts(b)};
    check::Verdict verdict = check::judge(check::cells(before), check::cells(after), {});
    check::name_causes(verdict.cells.at(0), {&a, 1}, {&b, 1});
    return mail_text({"a", "b", "svm"}, verdict);
  };
  EXPECT_THAT(text_with(5000), HasSubstr("IOIO of boot +5,000: io 0x3f8"));
  EXPECT_THAT(text_with(100), HasSubstr("  IOIO  "));
  EXPECT_THAT(text_with(100), Not(HasSubstr("io 0x3f8"))) << "less than its floor";
}

TEST(Mail, NoLineIsLongerThanAMailsAndNothingUpsetsATerminal) {
  std::istringstream lines(mail(
      2000, 4000, std::string(30, 'x') + "\x1b[31m " + [] {
        std::string words;
        for (int i = 0; i < 30; ++i) words += "word ";
        return words;
      }()));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(width(line), 72u) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace lab::report
