// SPDX-License-Identifier: MIT
// Intel VMX, emulated by Bochs: the same trial, its counts held against every independent view; and
// the same to the last exit when it is run again, as nothing from outside reaches Bochs.
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

class Vmx : public LabTest {
 protected:
  json boot_tiny() {
    const Finished run = lab({"run",
                              write("tiny.yaml", R"(version: 1
name: tiny
image: tiny
guest: {memory: 256 MiB, console: quiet}
steps:
  - boot:
  - run: {name: cpu, command: "i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done"}
)")
                                  .string(),
                              "--on", "vmx", "--verify-tracepoint", "--retry", "1", "--format",
                              "json", "--store", store()},
                             {.limit = std::chrono::minutes(15)});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const std::vector<json> trials = trials_of(run);
    return trials.size() == 1 ? trials[0] : json();
  }
};

std::map<std::string, std::uint64_t> table_of(const json& step) {
  std::map<std::string, std::uint64_t> table;
  for (const json& reason : step.at("reasons")) table[reason.at("name")] = reason.at("exits");
  return table;
}

TEST_F(Vmx, TinyBootsWithTheSameExitsEachTime) {
  const json first = boot_tiny();
  ASSERT_TRUE(first.is_object());
  for (const json& check : first.at("checks")) EXPECT_TRUE(check.at("ok")) << check.dump(1);
  const json traced = named(first.at("checks"), "at rest: every reason = tracepoint");
  EXPECT_GT(traced.value("left", 0u), 1000u);
  EXPECT_EQ(traced.value("left", 0u), traced.value("right", 1u));
  EXPECT_EQ(first.at("conditions").at("vendor"), "vmx");
  EXPECT_EQ(first.at("conditions").at("outer_tsc"), "100 MHz");
  const auto boot = table_of(named(first.at("steps"), "boot"));
  for (const char* reason : {"EPT_VIOLATION", "IO_INSTRUCTION", "MSR_WRITE", "CPUID", "CR_ACCESS"})
    EXPECT_TRUE(boot.contains(reason)) << reason;

  // In the first one on a new image libvirt still had to ask QEMU for its capabilities.
  const json second = boot_tiny(), third = boot_tiny();
  ASSERT_TRUE(second.is_object() && third.is_object());
  EXPECT_NE(second.at("id"), third.at("id"));
  for (const char* step : {"boot", "cpu"})
    EXPECT_EQ(table_of(named(second.at("steps"), step)), table_of(named(third.at("steps"), step)));
}

}  // namespace
}  // namespace lab::e2e
