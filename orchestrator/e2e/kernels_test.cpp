// SPDX-License-Identifier: MIT
// Tests every kernel that the patch supports: builds and loads it, boots a guest, and compares all
// views of its exits. Label "nightly": it fetches kernels and makes build roots and outer VMs.
#include <fmt/format.h>

#include "orchestrator/e2e/kernel_side.hpp"

namespace lab::e2e {
namespace {

struct Kernel {
  const char* selector;
  const char* release;  // a regular expression
};

std::ostream& operator<<(std::ostream& out, const Kernel& kernel) {
  return out << kernel.selector;
}

class Kernels : public KernelSide, public testing::WithParamInterface<Kernel> {
 protected:
  // Expects that every trial's checks pass, and that the tracepoint saw what lab counted.
  void expect_equal_views(const std::vector<std::string>& arguments, std::size_t trials_wanted) {
    std::vector<std::string> command{"run",
                                     "--on",
                                     "svm",
                                     "--verify-tracepoint",
                                     "--retry",
                                     "1",
                                     "--timeout-scale",
                                     "3",
                                     "--format",
                                     "json",
                                     "--store",
                                     store(),
                                     "--set",
                                     fmt::format("kvm.kernel={}", GetParam().selector)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Finished run = lab(command, {.limit = std::chrono::minutes(40)});
    ASSERT_EQ(run.exit_code, 0) << run.errors;
    const std::vector<json> trials = trials_of(run);
    EXPECT_EQ(trials.size(), trials_wanted);
    for (const json& trial : trials) expect_equal_views(trial);
  }

 private:
  static void expect_equal_views(const json& trial) {
    const std::string name = trial.at("trial");
    const std::string release = trial.at("conditions").value("outer_kernel", "");
    EXPECT_THAT(release, testing::MatchesRegex(GetParam().release));
    for (const json& check : trial.at("checks"))
      EXPECT_TRUE(check.at("ok")) << name << check.dump(1);
    const json traced = named(trial.at("checks"), "at rest: every reason = tracepoint");
    EXPECT_GT(traced.value("left", 0u), 0u) << name;
    EXPECT_EQ(traced.value("left", 0u), traced.value("right", 1u)) << name;
    const json kvm = named(trial.at("checks"), "at rest: total = KVM's exits file");
    EXPECT_EQ(kvm.value("left", 0u), kvm.value("right", 1u)) << name;
    fmt::print("[ {} on {} ] {} exits = tracepoint {}, KVM's own {}{}\n", name, release,
               traced.value("left", 0u), traced.value("right", 0u), kvm.value("right", 0u),
               kvm.value("detail", "").empty() ? "" : " (" + kvm.value("detail", "") + ")");
  }
};

TEST_P(Kernels, NightlyAllViewsAgree) {
  const std::string folder = LAB_SOURCE_DIR "/scenarios/";
  expect_equal_views({folder + "kernels.yaml", write("cells.yaml", R"(version: 1
name: cells
image: tiny
guest: {memory: 256 MiB, console: quiet}
matrix:
  guest.vcpus: [1, 2]
  paging: [nested, shadow]
steps:
  - boot:
  - run: {name: idle, command: sleep 1}
  - run: {name: cpu, command: "i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); done"}
)")
                                                   .string()},
                     5);
  expect_equal_views({folder + "boot-count.yaml", "--repeat", "1"}, 1);
}

TEST_P(Kernels, NightlyItsOwnGuestsFindNoFault) {
  up({"--kernel", GetParam().selector});
  if (HasFatalFailure()) return;
  prove_each_setting();
}

INSTANTIATE_TEST_SUITE_P(Debian, Kernels,
                         testing::Values(Kernel{"5.10", "5.10.0-.*"}, Kernel{"6.1", "6.1.0-.*"},
                                         Kernel{"6.12", "6.12.*deb12.*"},
                                         Kernel{"trixie", "6.12.*deb13.*"},
                                         Kernel{"sid", "[7-9].*"}),
                         [](const auto& kernel) {
                           std::string name = kernel.param.selector;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return "Kernel" + name;
                         });

}  // namespace
}  // namespace lab::e2e
