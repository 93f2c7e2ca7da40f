// SPDX-License-Identifier: MIT
#include "orchestrator/record/causes.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/record/sample_record.hpp"

namespace lab::record {
namespace {

using testing::HasSubstr;

// Reads a sample whose step `boot` was changed; returns the error, or "" where it is accepted.
template <typename Change>
std::string refusal(const Change& change) {
  auto object = nlohmann::ordered_json::parse(to_json(sample()));
  change(object["steps"][0]);
  try {
    from_json(object.dump());
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

// Returns a step with `number` causes of IOIO, with 1 … number exits, and one of CPUID.
Step step_with(const std::string& name, std::size_t number) {
  Step step{.name = name};
  std::uint64_t all = 0;
  for (std::size_t i = 1; i <= number; ++i) {
    step.causes.push_back({0x7b, "io " + std::to_string(i), "some_function_of_the_kernel", i, 2});
    all += i;
  }
  step.causes.push_back({0x72, "leaf 0x4", "init_intel_cacheinfo", 3, {}});
  step.causes_lost = {{0x7b, 5}};
  step.reasons = {{0x7b, "IOIO", "io", all + 5, {}}, {0x72, "CPUID", "cpuid", 3, {}}};
  step.exits = all + 8;
  return step;
}

// Returns by how many bytes its causes lengthen the stored record.
std::size_t json_bytes(const Record& record) {
  Record without = record;
  for (Step& step : without.steps) {
    step.causes.clear();
    step.causes_lost.clear();
  }
  return to_json(record).size() - to_json(without).size();
}

TEST(Causes, JsonHasTheNamesThatScriptsRelyOn) {
  const std::vector<Record> records = {sample()};
  const auto step = nlohmann::json::parse(to_document(records))["trials"][0]["steps"][0];
  EXPECT_EQ(step["causes"][1], nlohmann::json::parse(R"({"number": 123, "reason": "IOIO",
                "detail": "io 0xcf8 PCI configuration: write 4", "place": "pci_conf1_read",
                "exits": 9, "cycles": 9})"));
  EXPECT_FALSE(step["causes"][2].contains("cycles"));  // missing is absent
  EXPECT_EQ(step["causes_lost"], nlohmann::json::parse(R"([{"number": 123, "exits": 3}])"));
  const auto idle = nlohmann::json::parse(to_document(records))["trials"][0]["steps"][1];
  EXPECT_FALSE(idle.contains("causes"));
  EXPECT_FALSE(idle.contains("causes_lost"));
}

TEST(Causes, ThatDoNotAddUpAreRefused) {
  EXPECT_EQ(refusal([](auto&) {}), "");
  EXPECT_THAT(refusal([](auto& step) { step["causes"][1]["exits"] = 8; }),
              HasSubstr("step 'boot': the causes of IOIO (123), with the lost ones, add up to "
                        "18446744073709551614 exits, but the reason has 18446744073709551615"));
  EXPECT_THAT(refusal([](auto& step) { step["causes_lost"][0]["exits"] = 4; }),
              HasSubstr("add up to more than 2^64 exits"));
  EXPECT_THAT(refusal([](auto& step) { step["causes"].erase(2); }),
              HasSubstr("NPF (1024), with the lost ones, add up to 0 exits, but the reason has 7"));
  EXPECT_THAT(refusal([](auto& step) { step["causes"][2]["number"] = 5; }),
              HasSubstr("of 5 (5), with the lost ones, add up to 7 exits, but the reason has 0"));
  EXPECT_THAT(refusal([](auto& step) { step.erase("causes"); }), HasSubstr("add up to 3 exits"));
}

TEST(Causes, ThatAreMalformedAreRefused) {
  EXPECT_THAT(refusal([](auto& step) { step["causes"] = 1; }), HasSubstr("'causes' is not a list"));
  EXPECT_THAT(refusal([](auto& step) { step["causes"][0].erase("place"); }),
              HasSubstr("'place' is missing"));
  EXPECT_THAT(refusal([](auto& step) { step["causes"][0]["exits"] = -1; }), HasSubstr("'exits'"));
  EXPECT_THAT(refusal([](auto& step) { step["causes"][0]["place"] = std::string(257, 'a'); }),
              HasSubstr("a cause's 'place' has 257 bytes, more than 256"));
  EXPECT_THAT(refusal([](auto& step) { step["causes"][0]["detail"] = "\x1b[2J"; }),
              HasSubstr("a cause's 'detail' is not printable ASCII"));
  EXPECT_THAT(refusal([](auto& step) {
                const auto cause = step["causes"][0];
                for (int i = 0; i < 2048; ++i) step["causes"].push_back(cause);
              }),
              HasSubstr("'causes' has more than 2048 entries"));
}

TEST(Causes, OfManyStepsAreBoundedTogether) {
  auto object = nlohmann::ordered_json::parse(to_json(sample()));
  const auto boot = object["steps"][0];
  for (int i = 0; i < 1000; ++i) object["steps"].push_back(boot);
  try {
    from_json(object.dump());
    ADD_FAILURE() << "4,004 causes were taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("4004 causes of all steps together, more than 2048"));
  }
}

TEST(Causes, ThatFitAreKeptAsTheyAre) {
  Record record = sample();
  bound_causes(record);
  EXPECT_EQ(record, sample());
}

TEST(Causes, BeyondTheBoundAreSummedPerNumber) {
  Record record = sample();
  record.steps = {step_with("boot", 3000)};
  bound_causes(record);
  const Step& step = record.steps[0];
  EXPECT_EQ(causes_problem(step), std::nullopt);
  EXPECT_LE(json_bytes(record), 64u << 10);
  EXPECT_GE(json_bytes(record), 62u << 10);  // and the room is used
  ASSERT_GE(step.causes.size(), 400u);
  EXPECT_EQ(step.causes[0].detail, "(others)");
  EXPECT_EQ(step.causes[0].place, "(others)");
  EXPECT_EQ(step.causes[0].number, 0x7bu);
  EXPECT_EQ(step.causes[1].detail, "io 3000");                        // the largest are kept
  EXPECT_EQ(step.causes[0].cycles, 2 * (3002 - step.causes.size()));  // "io …" that are not there
  EXPECT_EQ(from_json(to_json(record)).steps, record.steps);
  const Record once = record;
  bound_causes(record);
  EXPECT_EQ(record, once);
}

TEST(Causes, ShareTheirRoomFairlyOverTheSteps) {
  Record record = sample();
  record.steps = {step_with("boot", 3000), step_with("small", 5), step_with("load", 2000)};
  const Step small = record.steps[1];
  bound_causes(record);
  EXPECT_LE(json_bytes(record), 64u << 10);
  EXPECT_EQ(record.steps[1].causes.size(), small.causes.size());
  EXPECT_NEAR(double(record.steps[0].causes.size()), double(record.steps[2].causes.size()), 5);
  EXPECT_EQ(from_json(to_json(record)).steps, record.steps);
}

TEST(Causes, AreDroppedWhereNotEvenTheirSumsFit) {
  Record record = sample();
  record.steps.assign(1000, step_with("run", 3));
  bound_causes(record);
  EXPECT_LE(json_bytes(record), 64u << 10);
  EXPECT_FALSE(has_causes(record.steps[0]));
  EXPECT_EQ(from_json(to_json(record)).steps, record.steps);
}

// The guest chooses the names of functions.
TEST(Causes, HostileTextsAreCleanedAndCut) {
  Record record = sample();
  Step& step = record.steps[0];
  step.causes = {{0x7b, std::string(1 << 20, 'a') + "1", "<b>\x1b[2J;\n\xff", 5, 7},
                 {0x7b, std::string(1 << 20, 'a') + "2", "<b>\x1b[2J;\n\xff", 6, 8}};
  step.reasons = {{0x7b, "IOIO", "io", 14, {}}};
  bound_causes(record);
  ASSERT_EQ(step.causes.size(), 1u);  // causes that became equal are combined
  EXPECT_EQ(step.causes[0].place, "<b>?[2J;??");
  EXPECT_EQ(step.causes[0].detail, std::string(253, 'a') + "...");
  EXPECT_EQ(step.causes[0].exits, 11u);
  EXPECT_EQ(step.causes[0].cycles, 15u);
  EXPECT_EQ(from_json(to_json(record)).steps, record.steps);
}

}  // namespace
}  // namespace lab::record
