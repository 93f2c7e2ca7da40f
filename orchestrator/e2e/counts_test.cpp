// SPDX-License-Identifier: MIT
// Tests the main job: trials in a real outer VM, whose counts agree with every independent view.
#include <cmath>
#include <cstdint>
#include <numeric>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Counts : public LabTest {};
class Repeat : public LabTest {};

// Lists everything that a count depends on (design.md).
constexpr const char* conditions[] = {
    "site",          "emulated",     "vendor",        "cpu_model",
    "nesting_depth", "outer_kernel", "patch_version", "module_parameters",
    "paging",        "layout",       "image",         "image_digest",
    "guest_kernel",  "vcpus",        "memory",        "devices",
    "console",       "lab_version",  "start_time",    "repeat",
    "emulator",      "host"};

void expect_whole(const json& trial) {
  SCOPED_TRACE(trial.at("trial").get<std::string>());
  EXPECT_EQ(trial.at("outcome"), "passed") << trial.value("message", "");
  for (const json& check : trial.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
  for (const char* key : conditions)
    EXPECT_NE(trial.at("conditions").value(key, ""), "") << key << " is not kept";
  for (const json& step : trial.at("steps")) {
    std::uint64_t sum = 0;
    for (const json& reason : step.at("reasons")) sum += reason.at("exits").get<std::uint64_t>();
    EXPECT_EQ(sum, step.at("exits").get<std::uint64_t>()) << step.at("name");
  }
}

// Checks the comparisons with sources that share nothing with lab's counters.
void expect_independent_checks(const json& trial) {
  const json reasons = named(trial.at("checks"), "at rest: every reason = tracepoint");
  EXPECT_GT(reasons.value("left", 0u), 0u);
  EXPECT_EQ(reasons.value("left", 0u), reasons.value("right", 1u));
  for (const char* name : {"boot: guest = host", "boot: total = KVM's own",
                           "at rest: total = KVM's exits file", "boot: sum of reasons = total"})
    EXPECT_GT(named(trial.at("checks"), name).value("left", 0u), 0u) << name;
}

struct Cell {
  std::string layout, paging;
  bool operator<(const Cell& other) const {
    return std::tie(layout, paging) < std::tie(other.layout, other.paging);
  }
};

std::uint64_t exits_of(const json& trial, const std::string& reason) {
  const json boot = named(trial.at("steps"), "boot");
  for (const json& entry : boot.at("reasons"))
    if (entry.at("name") == reason) return entry.at("exits");
  return reason == "total" ? boot.at("exits").get<std::uint64_t>() : 0;
}

TEST_F(Counts, AgreeInEveryViewLayoutAndPaging) {
  const fs::path scenario = write("counts.yaml", R"(version: 1
name: counts
image: tiny
guest: {vcpus: 1, memory: 256 MiB, console: quiet}
matrix:
  kvm.layout: [descending, ascending]
  paging: [nested, shadow]
steps:
  - boot:
  - run: {name: idle, command: sleep 1}
)");
  const Finished run = lab({"run", scenario.string(), "--on", "svm", "--no-exact",
                            "--verify-tracepoint", "--format", "json", "--store", store()});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(left_by(run.pid), IsEmpty());
  std::map<Cell, json> trials;
  for (const json& trial : trials_of(run)) {
    expect_whole(trial);
    expect_independent_checks(trial);
    const json& kept = trial.at("conditions");
    trials[{kept.at("layout"), kept.at("paging")}] = trial;
  }
  ASSERT_EQ(trials.size(), 4u) << run.errors;
  for (const char* layout : {"descending", "ascending"}) {
    SCOPED_TRACE(layout);
    const json &nested = trials[{layout, "nested"}], &shadow = trials[{layout, "shadow"}];
    EXPECT_GT(exits_of(shadow, "total"), exits_of(nested, "total"));
    EXPECT_GT(exits_of(nested, "NPF"), 0u);
    EXPECT_EQ(exits_of(shadow, "NPF"), 0u);
    EXPECT_THAT(nested.at("conditions").at("module_parameters"), HasSubstr("npt=1"));
    EXPECT_THAT(shadow.at("conditions").at("module_parameters"), HasSubstr("npt=0"));
  }
  // The guest is the same: only the leaves that answer differ. (Its interrupt exits follow the
  // clock.)
  for (const auto& [paging, reason] :
       {std::pair{"nested", "NPF"}, std::pair{"shadow", "EXCP_PF"}}) {
    const auto one = static_cast<double>(exits_of(trials[{"descending", paging}], reason));
    const auto other = static_cast<double>(exits_of(trials[{"ascending", paging}], reason));
    EXPECT_NEAR(one, other, 0.05 * one) << paging;
  }
}

TEST_F(Repeat, ThreeTrialsAreThreeRecordsAndATableEach) {
  const fs::path scenario = write("thrice.yaml", R"(version: 1
name: thrice
image: tiny
guest: {memory: 256 MiB}
repeat: 3
steps: [boot: ]
)");
  const Finished run = lab({"run", scenario.string(), "--on", "svm", "--no-exact"});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(left_by(run.pid), IsEmpty());
  EXPECT_THAT(run.output, HasSubstr("emulated"));
  const Finished list = lab({"results", "list"});
  EXPECT_EQ(list.exit_code, 0) << list.errors;
  for (const char* trial : {"thrice#1", "thrice#2", "thrice#3"}) {
    EXPECT_THAT(run.output, HasSubstr(trial));
    EXPECT_THAT(list.output, HasSubstr(trial));
  }
  const Finished latest = lab({"results", "show", "latest", "--format", "json"});
  const std::vector<json> shown = trials_of(latest);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].at("trial"), "thrice#3");
  expect_whole(shown[0]);
}

}  // namespace
}  // namespace lab::e2e
