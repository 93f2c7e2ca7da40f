// SPDX-License-Identifier: MIT
// Tests an outer VM by hand, from up to down, and the lab that works inside it: how much memory it
// takes while guests flood it, and what is left when it is killed with the modules swapped.
#include <chrono>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/fault_reader.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Outer : public LabTest {
 protected:
  ~Outer() override {
    if (started_) lab({"outer", "down"});  // after a failure
  }

  // Returns the output of a shell command in the outer VM; its exit code must be 0.
  std::string inside(const std::string& command) const {
    const Finished run =
        lab({"outer", "exec", "export HOME=/root XDG_RUNTIME_DIR=/run/user/0; " + command});
    EXPECT_EQ(run.exit_code, 0) << command << "\n" << run.output << run.errors;
    return run.output;
  }

  std::string status() const { return lab({"outer", "status"}).output; }

  // Waits until a command in the outer VM prints this text.
  bool becomes(const std::string& command, const std::string& text, double seconds) const {
    const base::Stopwatch watch;
    while (watch.seconds() < seconds) {
      if (inside(command).find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    return false;
  }

  void up() {
    started_ = true;
    const fs::path scenario = write(
        "faults.yaml",
        fault_scenario({Fault::endless_line, Fault::flood_of_lines, Fault::hang_in_step}, 120));
    const Finished run =
        lab({"outer", "up", "--on", "svm", scenario.string()},
            {.environment = {{"LAB_READER", write_fault_reader(folder()).string()}}});
    ASSERT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_EQ(left_by(run.pid), std::vector<std::string>{});
  }

  void expect_commands_work() const {
    EXPECT_EQ(status(), "up\n");
    EXPECT_THAT(inside("uname -r"), HasSubstr("-amd64"));
    EXPECT_EQ(lab({"outer", "exec", "false"}).exit_code, 1);
    const Finished mixed = lab({"outer", "exec", "echo one; echo two >&2; exit 7"});
    EXPECT_EQ(mixed.exit_code, 7);
    EXPECT_EQ(mixed.output, "one\n");
    EXPECT_THAT(mixed.errors, HasSubstr("two"));
    const Finished again = lab({"outer", "up"});
    EXPECT_EQ(again.exit_code, 2);
    EXPECT_THAT(again.errors, HasSubstr("up already"));
  }

  // Runs two floods, then a guest that hangs in its step, and kills lab there.
  void expect_a_killed_job_is_cleared() const {
    const std::string kvm_status = "/run/lab/job/lab kvm status";
    // The modules may not be loaded yet: udev is still at work, and lab has to cope with that.
    EXPECT_THAT(inside(kvm_status), Not(HasSubstr("patched")));
    const std::string pid = inside(
        ": >/tmp/stream; setsid /run/lab/job/lab job /run/lab/job/job.json /tmp/stream "
        ">/tmp/job.log 2>&1 </dev/null & echo -n $!");
    ASSERT_TRUE(becomes(R"(grep -c '"phase":"step","name":"fault"' /tmp/stream || true)", "1", 180))
        << inside("tail -n 20 /tmp/stream /tmp/job.log");
    const int peak_kib = std::stoi(inside("sed -n 's/VmHWM:[^0-9]*//p' /proc/" + pid + "/status"));
    EXPECT_LT(peak_kib, 64 << 10);
    EXPECT_GT(peak_kib, 1 << 10);
    EXPECT_THAT(inside("virsh list --name"), HasSubstr("lab-guest-" + pid));
    EXPECT_THAT(inside(kvm_status), AllOf(HasSubstr("patched"), HasSubstr("held by")));
    inside("kill -9 " + pid);
    EXPECT_THAT(inside(kvm_status), AllOf(Not(HasSubstr("patched")), Not(HasSubstr("held by"))));
    EXPECT_THAT(inside("virsh list --all --name"), Not(HasSubstr("lab-guest")));
    EXPECT_EQ(inside("ls /root/.cache/lab/runs; ls /run/user/0/lab | grep " + pid + " || true"),
              "");
  }

  void expect_nothing_left() const {
    const base::Folders folders = base::find_folders();
    EXPECT_EQ(status(), "down\n");
    EXPECT_FALSE(fs::exists(folders.cache / "outer"));
    EXPECT_FALSE(fs::exists(folders.runtime / "outer"));
    EXPECT_EQ(base::run({.argv = {"pgrep", "-f", "guest=lab-outer,"}}).exit_code, 1);
    EXPECT_EQ(lab({"outer", "exec", "true"}).exit_code, 2);
  }

  bool started_ = false;
};

TEST_F(Outer, SaysAtOnceThatItEndedWhileItStarted) {
  ASSERT_EQ(status(), "down\n") << "another outer VM is up; lab outer down";
  const base::Process destroyed({.argv = {"sh", "-c",
                                          "until virsh -q domstate lab-outer 2>/dev/null | grep -q "
                                          "running; do sleep 0.2; done; sleep 1; virsh destroy "
                                          "lab-outer"}});
  const Finished run = lab({"outer", "up", "--on", "svm"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.errors, HasSubstr("ended while it started; the end of its console:"));
  EXPECT_LT(run.seconds, 30);
  expect_nothing_left();
}

TEST_F(Outer, ByHandFromUpToDown) {
  ASSERT_EQ(status(), "down\n") << "another outer VM is up; lab outer down";
  up();
  if (!HasFatalFailure()) expect_commands_work();
  if (!HasFatalFailure()) expect_a_killed_job_is_cleared();
  EXPECT_EQ(lab({"outer", "down"}).exit_code, 0);
  expect_nothing_left();
}

}  // namespace
}  // namespace lab::e2e
