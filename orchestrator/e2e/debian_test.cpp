// SPDX-License-Identifier: MIT
// Tests a whole Debian 12 cloud guest: counts and verifies its boot, with Debian's own cpuid
// command as a second reader.
#include <cstdint>
#include <regex>
#include <sstream>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::IsEmpty;

class Debian : public LabTest {};

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  bool operator==(const Registers&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Registers& registers) {
  return out << std::hex << registers.eax << ' ' << registers.ebx << ' ' << registers.ecx << ' '
             << registers.edx << std::dec;
}

// Parses "0x4ffffffd 0xff: eax=0x00000000 ebx=0x00000000 ecx=0x00000000 edx=0xffffffff".
Registers registers_in(const std::string& output) {
  static const std::regex form(
      "eax=0x([0-9a-f]{8}) ebx=0x([0-9a-f]{8}) ecx=0x([0-9a-f]{8}) edx=0x([0-9a-f]{8})");
  std::smatch match;
  if (!std::regex_search(output, match, form)) {
    ADD_FAILURE() << "no registers in: " << output;
    return {};
  }
  const auto value = [&](std::size_t index) {
    return static_cast<std::uint32_t>(std::stoul(match[index].str(), nullptr, 16));
  };
  return {value(1), value(2), value(3), value(4)};
}

std::string output_of(const json& trial, const std::string& step) {
  return named(trial.at("steps"), step).value("output", "");
}

// Checks that cpuid's total lies between the totals of the readings before and after it.
void expect_between(const std::string& output) {
  std::vector<json> readings;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("{")) readings.push_back(json::parse(line, nullptr, false));
  ASSERT_EQ(readings.size(), 2u) << output;
  const json &before = readings[0].at("snapshot"), &after = readings[1].at("snapshot");
  const std::uint32_t total = registers_in(output).eax;
  EXPECT_GT(total, before.at("end_total").get<std::uint32_t>());
  EXPECT_LT(total, after.at("start_total").get<std::uint32_t>());
  EXPECT_EQ(registers_in(output), (Registers{total, 0, 0, 0}));
}

TEST_F(Debian, BootIsCountedAndTheStockCpuidCommandAgrees) {
  const fs::path scenario = write("debian.yaml", R"(version: 1
name: debian
image: debian-12
guest: {vcpus: 1, memory: 768 MiB}
kvm: {layout: descending}
timeouts: {trial: 12 min, boot: 8 min}
steps:
  - boot: {until: multi-user}
  - run: {name: total, command: lab-reader --json; cpuid -1 -l 0x4fffffff; lab-reader --json}
  - run: {name: undefined, command: cpuid -1 -l 0x4ffffffd -s 255}
  - run: {name: skinit, command: cpuid -1 -l 0x4ffffffd -s 134}
expect:
  - {step: boot, reason: total, min: 20000, max: 5000000}
)");
  const Finished run = lab({"run", scenario.string(), "--on", "svm", "--verify-tracepoint",
                            "--format", "json", "--store", store()},
                           {.limit = std::chrono::seconds(850)});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(left_by(run.pid), IsEmpty());
  const std::vector<json> trials = trials_of(run);
  ASSERT_EQ(trials.size(), 1u);
  const json& trial = trials[0];
  EXPECT_EQ(trial.at("outcome"), "passed") << trial.dump(1);
  for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
  named(trial.at("checks"), "at rest: every reason = tracepoint");
  expect_between(output_of(trial, "total"));
  // No manual defines number 255. The manual defines SKINIT, which never occurs here.
  EXPECT_EQ(registers_in(output_of(trial, "undefined")), (Registers{0, 0, 0, 0xffffffff}));
  EXPECT_EQ(registers_in(output_of(trial, "skinit")), (Registers{0, 0, 0, 0}));
}

}  // namespace
}  // namespace lab::e2e
