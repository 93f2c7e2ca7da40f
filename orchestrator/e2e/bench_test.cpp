// SPDX-License-Identifier: MIT
// Tests that the benchmarks measure what they claim. It judges only those figures that are the same
// each time.
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

class Bench : public LabTest {
 protected:
  json measure(const std::vector<std::string>& options) const {
    std::vector<std::string> command{"bench"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--format", "json"});
    const Finished run = lab(command, {.limit = std::chrono::minutes(60)});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    return json::parse(run.output, nullptr, false);
  }
};

TEST_F(Bench, NightlyOverheadTimesEachKindUnderEachVariant) {
  const json document = measure({"overhead", "--exits", "500", "--repeats", "3"});
  ASSERT_TRUE(document.is_object());
  std::map<std::string, std::map<std::string, double>> instructions;
  for (const json& entry : document.at("variants")) {
    EXPECT_FALSE(entry.contains("why_not")) << entry.dump(1);
    instructions[entry.at("exit")][entry.at("variant")] = entry.value("instructions", 0.0);
  }
  EXPECT_EQ(instructions.size(), 7u);
  for (const auto& [exit, of] : instructions) {
    EXPECT_EQ(of.size(), 10u) << exit;
    const double stock = of.at("stock"), patched = of.at("patched");
    EXPECT_GT(stock, 1000) << exit;
    EXPECT_GT(patched, stock) << exit;
    const double exits = exit == "hlt" ? 4 : exit == "ipi" ? 7 : 1;  // of a round
    EXPECT_LT(patched - stock, 45 * exits) << exit;                  // 31 on 2026-11-22
    // For hlt's interrupt window KVM asks its APIC for the vector.
    EXPECT_LT(of.at("patched, exit_causes=16384") - stock, (exit == "hlt" ? 150 : 120) * exits)
        << exit;
    EXPECT_GT(of.at("stock, perf kvm stat record"), patched) << exit;
  }
}

TEST_F(Bench, NightlyRunMeasuresLabBesideQemuByHand) {
  const json document = measure({"run", "--repeats", "1", "--trials", "2"});
  ASSERT_TRUE(document.is_object());
  for (const char* what : {"by_hand", "lab", "guest_boot"}) {
    ASSERT_EQ(document.at(what).size(), 1u) << what;
    EXPECT_GT(document.at(what)[0].get<double>(), 1) << what;
  }
  double phases = 0;
  for (const auto& [phase, samples] : document.at("phases").items()) {
    EXPECT_GE(samples[0].get<double>(), 0) << phase;
    phases += samples[0].get<double>();
  }
  EXPECT_NEAR(phases, document.at("lab")[0].get<double>(), 0.1);
  EXPECT_EQ(document.at("throughput").size(), 2u);
}

TEST_F(Bench, NightlyLanesMeasuresTheirStartAndTrialsAnHour) {
  const json document = measure({"lanes", "--repeats", "2", "--trials", "2"});
  ASSERT_TRUE(document.is_object());
  for (const char* what : {"start", "end"}) {
    ASSERT_EQ(document.at(what).size(), 2u) << what;
    for (const json& seconds : document.at(what)) EXPECT_GT(seconds.get<double>(), 0) << what;
  }
  ASSERT_EQ(document.at("throughput").size(), 2u);
  for (const json& throughput : document.at("throughput")) {
    EXPECT_EQ(throughput.at("trials"), 2);
    EXPECT_GT(throughput.at("an_hour").get<double>(), 1);
  }
}

}  // namespace
}  // namespace lab::e2e
