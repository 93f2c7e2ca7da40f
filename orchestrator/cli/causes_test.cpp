// SPDX-License-Identifier: MIT
// Tests `lab causes` on stores of made-up trials.
#include "orchestrator/check/comparison/causes_record.hpp"
#include "orchestrator/cli/lab_fixture.hpp"

namespace lab::cli {
namespace {

class Causes : public Lab {
 protected:
  Causes() {
    store::Store store(file_);
    store.insert(check::trial_with_causes(1));
    record::Record after = check::trial_with_causes(2, 16871);
    store.insert(after);
    record::Record without = check::trial_with_causes(3);
    without.steps[0].causes.clear();
    without.steps[0].causes_lost.clear();
    store.insert(without);
  }

  Words words(Words more) const {
    more.insert(more.begin(), {"causes", "--store", file_});
    return more;
  }

  const std::string file_ = folder() + "/causes.sqlite";
};

TEST_F(Causes, OfARunAreShown) {
  const Finished shown = lab(words({"latest~1"}));
  EXPECT_EQ(shown.code, base::exit_ok) << shown.errors;
  EXPECT_THAT(shown.output, HasSubstr("io 0x3f8 serial: write 1, serial8250_console_putchar"));
  EXPECT_THAT(lab(words({"latest~1", "--by", "place"})).output,
              AllOf(HasSubstr("15,619"), HasSubstr("pci_conf1_read")));
  EXPECT_THAT(lab(words({"latest~1", "--reason", "cpuid"})).output,
              AllOf(HasSubstr("1,021 exits"), Not(HasSubstr("serial"))));
  EXPECT_THAT(lab(words({"latest~1", "--reason", "114", "--format", "folded"})).output,
              StartsWith("boot;CPUID;leaf 0x4"));
}

TEST_F(Causes, OfTwoRunsAreCompared) {
  const Finished shown = lab(words({"latest~2", "latest~1"}));
  EXPECT_EQ(shown.code, base::exit_ok) << shown.errors;
  EXPECT_THAT(shown.output, AllOf(HasSubstr("+16,871"), HasSubstr("serial8250_console_putchar"),
                                  Not(HasSubstr("pci_conf1_read"))));
  expect(base::exit_usage, words({"latest~2", "latest~1", "--format", "pprof"}),
         HasSubstr("pprof -diff_base"));
  expect(base::exit_usage, words({"latest~2", "latest~1", "--format", "speedscope"}),
         HasSubstr("folded"));
}

TEST_F(Causes, OfTwoVendorsAreNotCompared) {
  store::Store store(file_);
  record::Record other = check::trial_with_causes(4);
  for (auto& [key, value] : other.conditions)
    if (key == record::condition::vendor) value = "vmx";
  store.insert(other);
  expect(base::exit_usage, words({"latest~2", "latest"}),
         AllOf(HasSubstr("'latest~2' is of vendor svm and 'latest' of vmx, whose exit reasons have "
                         "other numbers: no cause of one is a cause of the other"),
               HasSubstr("lab compare latest~2 latest compares them by category"),
               HasSubstr("lab causes latest ")));
}

TEST_F(Causes, AreNamedByCompareWhereBothSidesHaveThem) {
  const std::string sentence = "IOIO of boot +16,871: io 0x3f8 serial: write 1,";
  const Words run = {"compare", "latest~2", "latest~1", "--store", file_};
  expect(base::exit_ok, run, IsEmpty());
  EXPECT_THAT(lab(run).output, AllOf(HasSubstr(sentence), HasSubstr("serial8250_console_putchar")));
  EXPECT_THAT(lab({"compare", "latest~1", "latest", "--store", file_}).output,
              AllOf(HasSubstr("IOIO"), Not(HasSubstr("by cause"))));
}

TEST_F(Causes, AreNamedByCheckWhereBothSidesHaveThem) {
  const std::string yaml = write("boot-count.yaml",
                                 "version: 1\nname: boot-count\nimage: tiny\n"
                                 "matrix: {paging: [nested]}\nsteps: [boot: ]\n");
  expect(base::exit_ok, {"baseline", "accept", yaml, "latest~2", "--reason", "a test", "--anyway",
                         "--by", "me", "--store", file_});
  const auto check = [&](const std::string& run) {
    return lab({"check", yaml, "--stored", run, "--no-confirm", "--store", file_});
  };
  const Finished regressed = check("latest~1");
  EXPECT_EQ(regressed.code, base::exit_regression) << regressed.output << regressed.errors;
  EXPECT_THAT(regressed.output, HasSubstr("by cause: IOIO of boot +16,871: io 0x3f8 serial:"));
  EXPECT_THAT(check("latest").output, Not(HasSubstr("by cause")));
}

TEST_F(Causes, ThatAreNotThereAreSaidToBeMissing) {
  expect(base::exit_usage, words({}),
         AllOf(HasSubstr("'latest' was recorded without causes"), HasSubstr("lab run")));
  expect(base::exit_usage, words({"latest~1", "latest"}), HasSubstr("without causes"));
  expect(base::exit_usage, words({"latest~1", "--step", "idle"}),
         HasSubstr("no step 'idle' with causes: boot"));
  expect(base::exit_usage, words({"latest~1", "--reason", "HLT"}),
         HasSubstr("no reason 'HLT' with causes: CPUID, IOIO, NPF, WBINVD"));
  expect(base::exit_usage, words({"latest~1", "--by", "port"}), HasSubstr("--by"));
  expect(base::exit_usage, words({write("baseline.json", "{}")}), HasSubstr("baseline.json"));
}

TEST_F(Causes, EachFormatIsWritten) {
  for (const char* format : {"table", "json", "csv", "folded", "speedscope", "pprof"}) {
    const std::string file = folder() + "/out." + format;
    expect(base::exit_ok, words({"latest~1", "--format", format, "-o", file}), IsEmpty());
    EXPECT_GT(fs::file_size(file), 200u) << format;
  }
}

// Import refuses such a record, so that no reader meets causes that do not add up.
TEST_F(Causes, ThatDoNotAddUpAreRefusedByImport) {
  const std::string lines = folder() + "/lines.json", store = folder() + "/other.sqlite";
  expect(base::exit_ok, {"results", "export", "--store", file_, "-o", lines});
  std::string text;
  {
    std::ifstream stream(lines);
    text.assign(std::istreambuf_iterator<char>(stream), {});
  }
  const std::string exits = "\"exits\":3854";
  ASSERT_NE(text.find(exits), std::string::npos);
  text.replace(text.find(exits), exits.size(), "\"exits\":3853");
  std::ofstream(lines) << text;
  expect(base::exit_usage, {"results", "import", "--store", store, lines},
         AllOf(HasSubstr("lines.json:1"), HasSubstr("the causes of IOIO (123), with the lost ones, "
                                                    "add up to 22670 exits, but the reason has "
                                                    "22671")));
}

}  // namespace
}  // namespace lab::cli
