// SPDX-License-Identifier: MIT
// Tests the patched modules alone, in an outer VM, by guests whose every exit is known (lab vmm).
#pragma once

#include <fmt/format.h>

#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {

class KernelSide : public LabTest {
 protected:
  ~KernelSide() override {
    if (started_) lab({"outer", "down"});
  }

  void up(const std::vector<std::string>& options = {},
          const std::map<std::string, std::string>& environment = {}) {
    ASSERT_EQ(lab({"outer", "status"}).output, "down\n") << "another outer VM is up";
    started_ = true;
    std::vector<std::string> command{"outer", "up", "--on", "svm"};
    command.insert(command.end(), options.begin(), options.end());
    const Finished run =
        lab(command, {.environment = environment, .limit = std::chrono::minutes(30)});
    ASSERT_EQ(run.exit_code, 0) << run.errors;
    inside("dmesg --clear");
  }

  Finished inside(const std::string& command, unsigned seconds = 300) const {
    const Finished run = lab({"outer", "exec", "--timeout", std::to_string(seconds),
                              "export HOME=/root XDG_RUNTIME_DIR=/run/user/0; " + command},
                             {.limit = std::chrono::seconds(seconds + 60)});
    EXPECT_EQ(run.exit_code, 0) << command << "\n" << run.output << run.errors;
    return run;
  }

  void load(const std::string& parameters) const {
    SCOPED_TRACE(parameters);
    inside("/run/lab/job/lab kvm load --modules /run/lab/job/modules " + parameters);
  }

  // Runs a test of lab vmm, which must find no fault. A thousand vCPUs are as many open files.
  void vmm(const std::string& test, unsigned seconds = 300) const {
    const Finished run = inside("ulimit -n 4096; /run/lab/job/lab vmm " + test, seconds);
    EXPECT_THAT(run.output, testing::HasSubstr("\nok\n")) << test;
    std::fputs(fmt::format("[ vmm {} ]\n{}", test, run.output).c_str(), stdout);
  }

  // Checks the outer kernel's log for errors.
  void expect_a_calm_kernel() const {
    const std::string log = inside("dmesg").output;
    for (const char* word : {"BUG", "WARNING", "Oops", "Call Trace", "UBSAN", "KASAN"})
      EXPECT_THAT(log, testing::Not(testing::HasSubstr(word)));
  }

  // Runs all tests of lab vmm, under each setting that changes what a guest sees.
  void prove_each_setting() const {
    load("exit_layout=descending");
    for (const char* test : {"numbers", "failed --times 50", "nested --exits 2000",
                             "create --times 30", "fuzz --seconds 4 --seed 1"})
      vmm(test);
    for (const char* test : {"reading --vcpus 1", "reading --vcpus 4"}) vmm(test);
    inside("! echo 1001 >/sys/module/kvm/parameters/exit_leaf_delay");
    load("exit_layout=ascending exit_leaves=root");
    for (const char* test : {"numbers", "fuzz --seconds 4 --seed 2"}) vmm(test);
    load("exit_layout=combined exit_histograms=on");
    for (const char* test : {"numbers", "fuzz --seconds 3 --seed 3"}) vmm(test);
    inside("echo off >/sys/module/kvm/parameters/exit_leaves");
    vmm("fuzz --seconds 2 --seed 4");
    // Runs once with room for all causes, and once with so little that some known ones are lost.
    for (const char* parameters : {"exit_causes=4096", "exit_layout=ascending exit_causes=16"}) {
      load(parameters);
      for (const char* test : {"causes", "numbers", "fuzz --seconds 3 --seed 6"}) vmm(test);
    }
    load("exit_counts=off");
    vmm("fuzz --seconds 2 --seed 5");
    load("exit_preset=4294966796");
    vmm("wrap");
    load("exit_log_every=2000");
    vmm("numbers");
    EXPECT_THAT(inside("dmesg").output,
                testing::ContainsRegex("kvm: exits: pid [0-9]+ vcpu 0: [0-9]+: cpuid "));
    // The kernel refuses this value, so lab puts the stock modules back.
    inside("/run/lab/job/lab kvm restore; modprobe kvm_amd");
    inside("! /run/lab/job/lab kvm load --modules /run/lab/job/modules exit_layout=sideways");
    EXPECT_THAT(inside("dmesg").output, testing::HasSubstr("`sideways' invalid for parameter"));
    EXPECT_THAT(inside("/run/lab/job/lab kvm status").output, testing::HasSubstr("kvm: stock"));
    expect_a_calm_kernel();
    EXPECT_THAT(inside("/run/lab/job/lab kvm restore").output, testing::HasSubstr("stock"));
  }

 private:
  bool started_ = false;
};

}  // namespace lab::e2e
