// SPDX-License-Identifier: MIT
// Tests exact runs on emulated SVM: equal exits and cycles each time, however busy the machine is.
#include <fstream>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;

class Exact : public LabTest {
 protected:
  // Returns exits and cycles of every reason of every step of each trial, and all other counts.
  std::vector<json> counts_of(const std::string& more, const std::vector<std::string>& options,
                              const How& how = {}) const {
    const std::string scenario =
        write_tiny(std::string(count_to_2000) + more +
                   "timeouts: {trial: 20 min, boot: 15 min, step: 5 min}\n");
    std::vector<std::string> command{"run",      scenario, "--on",    "svm",
                                     "--format", "json",   "--store", store()};
    command.insert(command.end(), options.begin(), options.end());
    const Finished run = lab(command, how);
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    std::vector<json> counts;
    for (const json& trial : trials_of(run)) {
      for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
      EXPECT_THAT(trial.at("conditions").value("exact", ""), HasSubstr("clock by instructions"));
      counts.push_back({{"steps", trial.at("steps")},
                        {"host", trial.at("host")},
                        {"timeline", trial.at("timeline")}});
    }
    return counts;
  }

  // Makes another build of this lab, with other bytes and another size.
  fs::path other_build() const {
    const fs::path program = folder() / "other-lab";
    fs::copy_file(binary(), program);
    std::ofstream(program, std::ios::app | std::ios::binary) << std::string(70'000, 'x');
    return program;
  }
};

// Returns `part` in the nearest folder above a program that has it.
fs::path beside(const fs::path& program, const fs::path& part) {
  fs::path folder = program.parent_path();
  while (folder.has_relative_path() && !fs::exists(folder / part)) folder = folder.parent_path();
  return folder / part;
}

TEST_F(Exact, TheSameEachTimeAloneAndWithANeighbour) {
  const std::string both = "matrix: {paging: [nested, shadow]}\n";
  const std::vector<json> alone = counts_of(both, {}),
                          together = counts_of(both, {"--repeat", "2", "-j", "2"});
  ASSERT_EQ(alone.size(), 2u);
  ASSERT_EQ(together.size(), 4u);
  EXPECT_GT(named(alone[0].at("steps"), "boot").value("exits", 0u), 5000u);
  EXPECT_NE(alone[0], alone[1]);
  for (std::size_t i = 0; i < together.size(); ++i) EXPECT_EQ(alone[i / 2], together[i]) << i;
}

TEST_F(Exact, TheSameWithAnotherBuildOfLabAndAStateMadeAnew) {
  const fs::path lab = fs::canonical(binary()), cache = folder() / "cache";
  make_cache_without("warm", cache);  // saved states of outer VMs
  const How other{.program = other_build().string(),
                  .environment = {{"XDG_CACHE_HOME", cache.string()},
                                  {"LAB_SHARE", beside(lab, "share/lab").string()},
                                  {"LAB_READER", beside(lab, "lib/lab/lab-reader").string()}}};
  EXPECT_EQ(counts_of("", {}), counts_of("", {}, other));
}

// Returns the number in `text` between `before` and the next blank, without its commas.
double number_after(const std::string& text, const std::string& before) {
  const std::size_t begin = text.find(before);
  if (begin == std::string::npos) return -1;
  std::string digits;
  for (std::size_t i = text.find_first_not_of(' ', begin + before.size());
       i < text.size() && text[i] != ' '; ++i)
    if (text[i] != ',') digits += text[i];
  return std::stod(digits);
}

// The same lab and Debian packages give equal counts; another lab's differ a little.
TEST_F(Exact, NightlyTheReadmesTableIsThatOfARun) {
  const std::string readme = contents(fs::path(LAB_SOURCE_DIR) / "README.md");
  const Finished run =
      lab({"run", LAB_SOURCE_DIR "/scenarios/boot-count.yaml", "--on", "svm", "--store", store()});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  for (const std::string row : {"\nboot:", " NPF  ", " IOIO  ", " CPUID  "}) {
    const double told = number_after(readme, row), counted = number_after(run.output, row);
    EXPECT_GT(told, 0) << row;
    EXPECT_NEAR(counted / told, 1, 0.005) << row << " has " << counted << ": write it in README.md";
  }
}

TEST_F(Exact, IsRefusedWhereItCannotBe) {
  const std::string tiny = write("tiny.yaml",
                                 "version: 1\nname: tiny\nimage: tiny\nexact: true\n"
                                 "steps: [{boot: }]\n")
                               .string();
  const Finished here = lab({"run", tiny, "--on", "here", "--store", store()});
  EXPECT_NE(here.exit_code, 0);
}

}  // namespace
}  // namespace lab::e2e
