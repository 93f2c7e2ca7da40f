// SPDX-License-Identifier: MIT
// Tests the user of the emulators: it is not root, and lab itself needs no root on an emulated site
// whose parts are in root's cache.
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::Contains;
using testing::Each;
using testing::IsEmpty;
using testing::Ne;
using testing::Not;

constexpr uid_t nobody = 65534;

// Returns the process's user; -1 where the process has ended.
uid_t user_of(pid_t pid) {
  struct stat found {};
  return ::stat(("/proc/" + std::to_string(pid)).c_str(), &found) == 0 ? found.st_uid : uid_t(-1);
}

// Returns the users of all processes that run an emulator for this lab's outer VM.
std::set<uid_t> users_of_emulators(pid_t lab) {
  const std::string id = std::to_string(lab) + ".";
  std::set<uid_t> users;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string line = contents(entry.path() / "cmdline");
    const bool emulates =
        line.find("qemu-system") != std::string::npos || line.find("/bochs") != std::string::npos;
    std::error_code gone;
    const fs::path folder = fs::read_symlink(entry.path() / "cwd", gone);  // Bochs names no run
    if (emulates && (line + folder.string()).find(id) != std::string::npos)
      users.insert(user_of(std::stoi(name)));
  }
  return users;
}

class Confinement : public LabTest {
 protected:
  // A clone in a user's home is closed to others.
  static bool can_be_run_by_nobody() {
    return base::run({.argv = {"setpriv", "--reuid=" + std::to_string(nobody), "--clear-groups",
                               "test", "-x", binary()}})
               .exit_code == 0;
  }

  // Runs lab ARGS... as an ordinary user who has no files yet. Without root's cache, root has made
  // nothing.
  Finished lab_of_nobody(std::vector<std::string> arguments, bool with_roots_cache = true) const {
    const fs::path home = folder() / "home";
    fs::create_directories(home / "run");
    fs::permissions(folder(), fs::perms(0755));
    for (const fs::path& path : {home, home / "run"})
      EXPECT_EQ(::chown(path.c_str(), nobody, nobody), 0);
    fs::permissions(home / "run", fs::perms(0700));
    const std::string hide = with_roots_cache ? "" : "mount -t tmpfs none /var/cache; ";
    arguments.insert(arguments.begin(),
                     {"--mount", "sh", "-ec", hide + "exec setpriv \"$@\"", "sh",
                      "--reuid=" + std::to_string(nobody), "--regid=" + std::to_string(nobody),
                      "--clear-groups", binary()});
    return lab(arguments, {.program = "unshare",
                           .environment = {{"HOME", home.string()},
                                           {"PATH", "/usr/bin:/bin"},  // as users have it
                                           {"XDG_CACHE_HOME", (home / ".cache").string()},
                                           {"XDG_STATE_HOME", (home / "state").string()},
                                           {"XDG_RUNTIME_DIR", (home / "run").string()}}});
  }

  void run_with_roots_cache_on(const char* site) const {
    if (!can_be_run_by_nobody()) GTEST_SKIP() << "others cannot read '" << binary() << "'";
    if (base::find_folders().cache.parent_path() != base::system_caches)
      GTEST_SKIP() << "XDG_CACHE_HOME: root's cache is not where others look for it";
    // Root has made what it takes root to make.
    const Finished prepared = lab({"run", write_tiny(), "--on", site, "--store", store()});
    ASSERT_EQ(prepared.exit_code, 0) << prepared.errors;
    const Finished run = lab_of_nobody({"run", write_tiny(), "--on", site, "--format", "json"});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const std::vector<json> trials = trials_of(run);
    ASSERT_EQ(trials.size(), 1u);
    EXPECT_EQ(trials[0].at("outcome"), "passed");
    EXPECT_TRUE(fs::is_symlink(*fs::directory_iterator(folder() / "home/.cache/lab/images")));
  }
};

class EachEmulator : public Confinement, public testing::WithParamInterface<const char*> {};

TEST_P(EachEmulator, OfAnOuterVmIsNotRoots) {
  std::set<uid_t> users;
  const Finished run = lab({"run", write_tiny(), "--on", GetParam(), "--store", store()},
                           {.on_line = [&](pid_t lab, const std::string& line) {
                             if (line.find(": boot") != std::string::npos)
                               users.merge(users_of_emulators(lab));
                           }});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(users, Not(IsEmpty()));
  EXPECT_THAT(users, Each(Ne(0u)));
  EXPECT_THAT(run.errors, Not(testing::HasSubstr("runs as root")));
  EXPECT_THAT(left_by(run.pid), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Confinement, EachEmulator, testing::Values("svm", "vmx"),
                         [](const auto& test) { return std::string(test.param); });

TEST_F(Confinement, AnOrdinaryUserRunsOnSvmWithRootsCache) {
  run_with_roots_cache_on("svm");
}

// The user's own outer VM boots first, which takes minutes there.
TEST_F(Confinement, NightlyAnOrdinaryUserRunsOnVmxWithRootsCache) {
  run_with_roots_cache_on("vmx");
}

TEST_F(Confinement, AnOrdinaryUserIsToldWhatTakesRoot) {
  if (!can_be_run_by_nobody()) GTEST_SKIP() << "others cannot read '" << binary() << "'";
  const Finished run = lab_of_nobody({"run", write_tiny(), "--on", "here"});
  EXPECT_EQ(run.exit_code, 2) << run.errors;
  EXPECT_THAT(run.errors, testing::HasSubstr("swaps this machine's modules, which takes root"));
}

// It once fetched a kernel and built modules first, and then ended with "needs root".
TEST_F(Confinement, AnOrdinaryUserIsToldWhatTakesRootBeforeAnythingIsMade) {
  if (!can_be_run_by_nobody()) GTEST_SKIP() << "others cannot read '" << binary() << "'";
  const Finished run = lab_of_nobody({"run", write_tiny(), "--on", "svm"}, false);
  EXPECT_EQ(run.exit_code, 2) << run.errors;
  EXPECT_THAT(run.errors, testing::HasSubstr("the cache lacks what takes root to make: the outer "
                                             "VM's image with kernel bookworm, image 'tiny'"));
  EXPECT_THAT(run.errors, testing::HasSubstr("hint: sudo lab provide SCENARIO --on svm"));
  EXPECT_FALSE(fs::exists(folder() / "home/.cache/lab/apt")) << "nothing was fetched";
  EXPECT_FALSE(fs::exists(folder() / "home/.cache/lab/kernels"));
}

}  // namespace
}  // namespace lab::e2e
