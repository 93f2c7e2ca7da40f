// SPDX-License-Identifier: MIT
// Tests the gate end to end: recorded runs become a baseline, the same passes, more exits fail.
#include <fstream>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Check : public LabTest {
 protected:
  // Runs lab WORDS... with this test's store; trials run exactly and on svm.
  Finished run(std::vector<std::string> words, bool trials = true) const {
    words.insert(words.end(), {"--store", store()});
    if (trials) words.insert(words.end(), {"--exact", "--on", "svm"});
    return lab(words, {.limit = std::chrono::minutes(10)});
  }

  const std::string scenario =
      write_tiny("repeat: auto\ntimeouts: {trial: 20 min, boot: 15 min}\n");
  const fs::path baseline = folder() / "tiny.baseline.json";
};

// Runs exactly, so that one trial each is enough.
TEST_F(Check, FailsWhereExitsGrowAndOnlyThere) {
  ASSERT_EQ(run({"run", scenario}).exit_code, 0);
  const Finished accepted =
      run({"baseline", "accept", scenario, "latest", "--reason", "as it is", "--set", "exact=true"},
          false);
  ASSERT_EQ(accepted.exit_code, 0) << accepted.errors;

  const Finished same = run({"check", scenario});
  EXPECT_EQ(same.exit_code, 0) << same.output << same.errors;
  EXPECT_THAT(same.output, AllOf(HasSubstr("no change that matters"),
                                 HasSubstr("(baseline of 1 trial, 1 new; exact)")));

  const Finished more = run(
      {"check", scenario, "--set", "guest.console=verbose", "--across", "console,image_digest"});
  EXPECT_EQ(more.exit_code, 1) << more.output << more.errors;
  EXPECT_THAT(more.output,
              AllOf(HasSubstr("IOIO of boot"),
                    HasSubstr("confirmed by 1 trial as the baseline's and 1 as now, in turn"),
                    HasSubstr("console"), HasSubstr("by cause: IOIO of boot"),
                    testing::ContainsRegex("0x3f8[[:space:]]+serial[[:space:]]+port")));

  const Finished other = run({"check", scenario, "--stored", "latest"}, false);
  EXPECT_EQ(other.exit_code, 4) << other.output << other.errors;
  EXPECT_THAT(other.output, HasSubstr("console: 'verbose', not 'quiet'"));

  const Finished compared = run({"compare", "latest~1", "latest", "--format", "json"}, false);
  const json document = json::parse(compared.output, nullptr, false);
  ASSERT_TRUE(document.is_object()) << compared.errors;
  EXPECT_EQ(document.at("comparisons").at(0).at("exact"), true);
  EXPECT_EQ(document.at("comparisons").at(0).at("conditions").at("console").at("b"), "verbose");
}

TEST_F(Check, ABaselineThatIsNoneIsWrongInput) {
  const Finished missing = run({"check", scenario});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.errors,
              AllOf(HasSubstr("tiny.baseline.json"), HasSubstr("lab baseline accept")));
  std::ofstream(baseline) << "{\"lab_baseline\": 1,\n\"scenario\": NaN}";
  for (const char* command : {"check", "show"}) {
    const bool show = command == std::string("show");
    const Finished bad = show ? lab({"baseline", "show", scenario}) : run({"check", scenario});
    EXPECT_EQ(bad.exit_code, 2);
    EXPECT_THAT(bad.errors, AllOf(HasSubstr("tiny.baseline.json"), HasSubstr("line 2")));
  }
}

}  // namespace
}  // namespace lab::e2e
