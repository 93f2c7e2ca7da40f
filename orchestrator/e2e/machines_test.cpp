// SPDX-License-Identifier: MIT
// Tests lanes on machines that differ from this one: by ssh, without root, with a full disk; and
// the recipes of `lab help machines` as they stand.
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/followed_page.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Machines : public LabTest {
 protected:
  void TearDown() override {
    const std::string pid = contents(folder() / "sshd.pid");
    if (!pid.empty()) ::kill(std::stoi(pid), SIGTERM);
  }

  // Starts an sshd on loopback with its own keys. All hosts are this machine, with lab in its PATH.
  void start_sshd() {
    const int port = 20000 + ::getpid() % 20000;
    const std::string here = folder().string();
    fs::create_directory(folder() / "bin");
    fs::create_symlink(binary(), folder() / "bin/lab");
    fs::create_directories("/run/sshd");  // sshd wants it; Debian's service makes it
    for (const char* key : {"host", "user"})
      base::run_checked(
          {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", here + "/" + key}});
    write("sshd_config", "Port " + std::to_string(port) + "\nListenAddress 127.0.0.1\nHostKey " +
                             here + "/host\nAuthorizedKeysFile " + here +
                             "/user.pub\nStrictModes no\nUsePAM no\nPidFile " + here +
                             "/sshd.pid\nSetEnv XDG_STATE_HOME=" + here + " PATH=" + here +
                             "/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    write("config", "Host *\n  HostName 127.0.0.1\n  Port " + std::to_string(port) +
                        "\n  IdentityFile " + here + "/user\n  UserKnownHostsFile " + here +
                        "/known\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR\n"
                        "  BatchMode yes\n");
    base::run_checked(
        {.argv = {"/usr/sbin/sshd", "-f", here + "/sshd_config", "-E", here + "/sshd.log"}});
  }

  std::string ssh() const { return "ssh -F " + (folder() / "config").string(); }

  Finished run(const std::string& via, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"run", scenario_, "--on", "svm", "--via", via, "--no-known-trial",
                               "--format", "json", "--store", store()});
    return lab(more);
  }

  // Follows a recipe where a reader would, with lab and `tools` in the PATH.
  void follow(const std::string& heading, std::map<std::string, std::string> environment = {}) {
    const fs::path work = folder() / "work", source = LAB_SOURCE_DIR;
    fs::create_directory(work);
    fs::create_directories(folder() / "bin");
    if (!fs::exists(folder() / "bin/lab")) fs::create_symlink(binary(), folder() / "bin/lab");
    fs::create_directory_symlink(source / "scenarios", work / "scenarios");
    const FollowedPage page(
        section_of(contents(source / "orchestrator/help/machines.md"), heading));
    ASSERT_GT(page.size(), 1u) << "the page is not as this test reads it";
    environment["XDG_STATE_HOME"] = folder().string();
    environment["PATH"] = (folder() / "bin").string() + ":" + std::getenv("PATH");
    page.follow(work, folder(), environment, std::chrono::minutes(25));
  }

  const std::string scenario_ = write_tiny("repeat: 2\n");
};

TEST_F(Machines, BySshATrialRunsAsHere) {
  start_sshd();
  const Finished there = run(ssh() + " localhost", {"--repeat", "1"});
  EXPECT_EQ(there.exit_code, 0) << there.errors << contents(folder() / "sshd.log");
  const std::vector<json> trials = trials_of(there);
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].at("outcome"), "passed");
  EXPECT_NE(trials[0].at("conditions").value("node", ""), "");
  EXPECT_THAT(left_by(there.pid), IsEmpty());
  // The error names a host that does not answer.
  const Finished nobody = run(ssh() + " -p 1 localhost", {"--repeat", "1"});
  EXPECT_EQ(nobody.exit_code, 3);
  EXPECT_THAT(nobody.errors, HasSubstr("exit code 255: ssh: connect to host 127.0.0.1 port 1"));
}

// Runs two lanes, one of which has no room for what a trial writes.
TEST_F(Machines, NightlyAFullDiskOnOneGivesItsTrialsBack) {
  const fs::path full = folder() / "full";
  make_cache_without("runs", full);
  fs::create_directories(full / "lab/runs");
  ASSERT_EQ(::mount("tmpfs", (full / "lab/runs").c_str(), "tmpfs", 0, "size=64k"), 0);
  const Finished here =
      lab({"run", scenario_, "--on", "svm", "--format", "json", "--store", store()});
  const Finished there = run(
      "[ $LAB_LANE = 2 ] || export XDG_CACHE_HOME=" + full.string() + "; '" + binary() + "' lane",
      {"-j", "2"});
  EXPECT_EQ(::umount((full / "lab/runs").c_str()), 0);
  EXPECT_EQ(there.exit_code, 0) << there.errors;
  EXPECT_EQ(exits_by_trial(there), exits_by_trial(here));
  EXPECT_THAT(there.errors, HasSubstr("No space left on device"));
  EXPECT_THAT(there.errors, HasSubstr("is tried again"));
}

TEST_F(Machines, NightlyALaneNeedsNoRoot) {
  constexpr uid_t nobody = 65534;
  const fs::path home = folder() / "home";
  fs::create_directories(home / "run");
  fs::permissions(folder(), fs::perms(0755));
  for (const fs::path& path : {home, home / "run"})
    ASSERT_EQ(::chown(path.c_str(), nobody, nobody), 0);
  fs::permissions(home / "run", fs::perms(0700));
  const std::string user =
      "setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=" + home.string() +
      " XDG_CACHE_HOME=" + (home / ".cache").string() +
      " XDG_STATE_HOME=" + (home / "state").string() +
      " XDG_RUNTIME_DIR=" + (home / "run").string() + " ";
  if (base::run({.argv = {"sh", "-c", user + "test -x " + binary()}}).exit_code != 0)
    GTEST_SKIP() << "others cannot read '" << binary() << "'";
  const Finished here =
      lab({"run", scenario_, "--on", "svm", "--format", "json", "--store", store()});
  const Finished there = run(user + binary() + " lane");
  EXPECT_EQ(there.exit_code, 0) << there.errors;
  EXPECT_EQ(exits_by_trial(there), exits_by_trial(here));
  EXPECT_TRUE(fs::exists(home / ".cache/lab"));
}

TEST_F(Machines, NightlyTheRecipeForSshRuns) {
  start_sshd();
  write("bin/ssh", "#!/bin/sh\nexec /usr/bin/" + ssh() + " \"$@\"\n");  // as ~/.ssh/config would
  fs::permissions(folder() / "bin/ssh", fs::perms(0755));
  follow("### ssh");
}

TEST_F(Machines, NightlyTheRecipeForPartsRuns) {
  follow("### A CI matrix");
}

TEST_F(Machines, NightlyTheRecipeForSlurmRuns) {
  const std::string cluster = LAB_SOURCE_DIR "/orchestrator/e2e/slurm/cluster",
                    at = (folder() / "slurm").string();
  base::run_checked({.argv = {cluster, "up", at}});
  follow("### Slurm", {{"SLURM_CONF", at + "/slurm.conf"}});
  base::run_checked({.argv = {cluster, "down", at}});
}

}  // namespace
}  // namespace lab::e2e
