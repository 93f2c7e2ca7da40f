// SPDX-License-Identifier: MIT
// Runs each file of scenarios/ exactly, as it stands; its claims are its own `expect` entries. The
// ordinary run has two of them on svm, the label "nightly" all of them on both emulated sites.
#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::IsEmpty;

const std::string scenarios = LAB_SOURCE_DIR "/scenarios/";

class Library : public LabTest {
 protected:
  // Expects every trial to pass with all its checks, and every relation between cells to be true.
  std::vector<json> expect_claims(std::vector<std::string> arguments, std::size_t trials_wanted,
                                  std::chrono::minutes limit,
                                  const std::string& site = "svm") const {
    arguments.insert(arguments.begin(), "run");
    arguments.insert(arguments.end(),
                     {"--on", site, "--exact", "--format", "json", "--store", store()});
    const Finished run = lab(arguments, {.limit = limit});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_THAT(left_by(run.pid), IsEmpty());
    const std::vector<json> trials = trials_of(run);
    EXPECT_EQ(trials.size(), trials_wanted);
    for (const json& trial : trials) {
      SCOPED_TRACE(trial.at("trial").get<std::string>());
      EXPECT_EQ(trial.at("outcome"), "passed") << trial.value("message", "");
      EXPECT_TRUE(trial.at("conditions").contains("exact"));
      for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
    }
    expect_relations(run);
    return trials;
  }

 private:
  static void expect_relations(const Finished& run) {
    const json document = json::parse(run.output, nullptr, false);
    if (!document.is_object()) return;  // reported already
    for (const json& relation : document.value("relations", json::array()))
      EXPECT_TRUE(relation.value("ok", false)) << relation.dump(1);
  }
};

TEST_F(Library, BootCountOnTiny) {
  const std::vector<json> trials = expect_claims(
      {scenarios + "boot-count.yaml", "--set", "image=tiny"}, 1, std::chrono::minutes(10));
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].at("steps").size(), 2u);
}

TEST_F(Library, EveryCpuidIsAnExit) {
  expect_claims({scenarios + "cpuid-storm.yaml"}, 1, std::chrono::minutes(10));
}

struct File {
  const char* name;
  std::size_t trials;
};

std::ostream& operator<<(std::ostream& out, const File& file) {
  return out << file.name;
}

constexpr File files[] = {
    {"boot-count", 1},  {"reason-table", 1}, {"leaf-layouts", 2}, {"paging", 2},
    {"cpu-spin", 1},    {"disk-dd", 1},      {"net-ping", 1},     {"exit-log", 1},
    {"idle", 2},        {"clock", 4},        {"memory", 2},       {"msr", 1},
    {"cpuid-storm", 1}, {"smp", 3},          {"disk-matrix", 4},  {"nic-matrix", 3},
    {"console", 3},     {"two-guests", 2},   {"host-actions", 1}, {"save-restore", 1},
    {"reboot", 1},      {"distros", 5},      {"kernels", 5},      {"quick", 1},
    {"ovmf", 2}};

using FileAndSite = std::tuple<File, const char*>;

class EachFile : public Library, public testing::WithParamInterface<FileAndSite> {};

TEST_P(EachFile, NightlyItsClaimsHold) {
  const auto& [file, site] = GetParam();
  expect_claims({scenarios + file.name + ".yaml", "--retry", "1"}, file.trials,
                std::chrono::minutes(110), site);
}

std::string name_of_try(const testing::TestParamInfo<FileAndSite>& info) {
  std::string name = std::string(std::get<File>(info.param).name) + "_" + std::get<1>(info.param);
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, EachFile,
                         testing::Combine(testing::ValuesIn(files), testing::Values("svm", "vmx")),
                         name_of_try);

// Returns README.md's output of the first command, without the lines with a run's time and id.
std::vector<std::string> lines_of_readme() {
  std::istringstream text(contents(LAB_SOURCE_DIR "/README.md"));
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("boot-count[")) inside = true;
    if (inside && line == "```") break;
    if (inside && line != "…" && !line.starts_with("boot-count[")) lines.push_back(line);
  }
  return lines;
}

// Splits a line into words and separate numbers: "boot: 81,819 exits" has one number.
struct Line {
  std::vector<std::string> words;
  std::vector<double> numbers;
};

Line split_line(const std::string& text) {
  Line line;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    std::string digits = word;
    std::erase(digits, ',');
    const bool is_number = digits.find_first_not_of("0123456789.") == std::string::npos;
    line.words.push_back(is_number ? "number" : word);
    if (is_number) line.numbers.push_back(std::stod(digits));
  }
  return line;
}

// Returns whether both lines have equal words, and numbers that differ by at most a hundredth.
bool agree(const std::string& one, const std::string& other) {
  const Line a = split_line(one), b = split_line(other);
  return a.words == b.words && std::ranges::equal(a.numbers, b.numbers, [](double x, double y) {
           return std::abs(x - y) <= 0.01 * std::max(x, y);
         });
}

// Another lab leaves the outer VM other free memory, and so counts some hundredths of a percent
// more or less; other images may count more. Where this fails, README.md needs the new table.
TEST_F(Library, NightlyTheFirstCommandPrintsTheReadmesTable) {
  const Finished run =
      lab({"run", scenarios + "boot-count.yaml", "--on", "svm", "--store", store()},
          {.limit = std::chrono::minutes(60)});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_GT(lines_of_readme().size(), 8u);
  std::istringstream output(run.output);
  std::vector<std::string> lines;
  for (std::string line; std::getline(output, line);) lines.push_back(line);
  for (const std::string& wanted : lines_of_readme())
    EXPECT_TRUE(
        std::ranges::any_of(lines, [&](const std::string& line) { return agree(wanted, line); }))
        << wanted << "\nis not in\n"
        << run.output;
}

// Checks without an outer VM that every file is in the list above, has a page, and is valid.
TEST_F(Library, EveryFileIsValidListedAndHasAPage) {
  std::size_t found = 0;
  for (const auto& entry : fs::directory_iterator(scenarios)) {
    const fs::path& file = entry.path();
    if (file.extension() != ".yaml") continue;
    ++found;
    EXPECT_TRUE(fs::exists(fs::path(file).replace_extension(".md"))) << file;
    EXPECT_TRUE(std::ranges::any_of(files, [&](const File& f) { return f.name == file.stem(); }))
        << file << " is not tried by any test";
    const Finished run = lab({"validate", file.string()});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
  }
  EXPECT_EQ(found, std::size(files));
}

}  // namespace
}  // namespace lab::e2e
