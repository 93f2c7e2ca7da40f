// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/folders.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr uid_t other_user = 12345;

// Returns the error as "WHAT | HINT"; "" where the action succeeds.
template <typename Action>
std::string refusal(Action action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::user);  // exit code 2
    return std::string(error.what()) + " | " + error.hint();
  }
}

class Ownership : public testing::Test {
 protected:
  Ownership() {
    fs::create_directories(module_.parent_path());
    write_file(module_, "ELF");
    ::setenv("XDG_CACHE_HOME", root_.path().c_str(), 1);
    ::setenv("XDG_STATE_HOME", (root_.path() / "state").c_str(), 1);
  }
  ~Ownership() override {
    ::unsetenv("XDG_CACHE_HOME");
    ::unsetenv("XDG_STATE_HOME");
  }

  static std::string refused_folders() {
    return refusal([] { find_folders(); });
  }

  TemporaryFolder root_{fs::temp_directory_path(), "lab-test"};
  fs::path cache_ = root_.path() / "lab", module_ = cache_ / "modules/6.1-abc/kvm.ko";
};

// `sudo -E lab` meets this case.
TEST_F(Ownership, OfAnotherUsersCacheIsRefusedToRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root, to give files away";
  EXPECT_EQ(refused_folders(), "");
  for (fs::path path = module_; path != root_.path(); path = path.parent_path()) {
    ASSERT_EQ(::chown(path.c_str(), other_user, 0), 0);
    EXPECT_THAT(refused_folders(), HasSubstr("'" + path.string() +
                                             "' belongs to user uid 12345, "
                                             "not to 'root' (uid 0)"));
    EXPECT_THAT(refused_folders(), HasSubstr("| sudo -H lab"));
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
}

TEST_F(Ownership, OfWhatOthersCanWriteIsRefused) {
  for (fs::path path = module_; path != root_.path(); path = path.parent_path()) {
    const fs::perms before = fs::status(path).permissions();
    fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
    EXPECT_THAT(refused_folders(), HasSubstr("'" + path.string() + "' can be written by everyone"));
    EXPECT_THAT(refused_folders(), HasSubstr("chmod -R go-w " + path.string()));
    fs::permissions(path, before);
  }
  EXPECT_EQ(refused_folders(), "");
}

TEST_F(Ownership, OfAGroupMattersWhereItIsNotTheUsersOwn) {
  fs::permissions(cache_, fs::perms(0775));  // as with a umask of 002
  EXPECT_EQ(refused_folders(), "");
  if (::geteuid() != 0) GTEST_SKIP() << "takes root, to give files away";
  ASSERT_EQ(::chown(cache_.c_str(), 0, 54321), 0);
  EXPECT_THAT(refused_folders(), HasSubstr("can be written by group 54321"));
}

TEST_F(Ownership, OfTheStoreIsChecked) {
  const fs::path store = root_.path() / "state/lab/results.sqlite";
  fs::create_directories(store.parent_path());
  write_file(store, "");
  fs::permissions(store, fs::perms(0666));
  EXPECT_THAT(refused_folders(), HasSubstr("'" + store.string() + "' can be written by everyone"));
}

// Files that QEMU writes belong to the user that runs it; another lab must work beside them.
TEST_F(Ownership, OfWhatARunUsesIsTheRuns) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root, to give files away";
  for (const std::string folder :
       {"runs/4674.JzuzuN", "runs/.4674.JzuzuN", "warm/.making-a.abcdef", "outer"}) {
    const fs::path file = cache_ / folder / "disk.qcow2";
    fs::create_directories(file.parent_path());
    write_file(file, "");
    ASSERT_EQ(::chown(file.c_str(), other_user, 0), 0);
    EXPECT_EQ(refused_folders(), "") << folder;
    ASSERT_EQ(::chown(file.parent_path().c_str(), other_user, 0), 0);
    EXPECT_THAT(refused_folders(), HasSubstr("belongs to user uid 12345")) << folder;
    fs::remove_all(file.parent_path());
  }
}

// Another user's link may lead anywhere and is refused; one's own is accepted. So are folders like
// /tmp: roots of other suites have one, and lab takes nothing from it.
TEST_F(Ownership, OfALinkIsTheLinksOwn) {
  fs::create_symlink("/etc/hostname", cache_ / "link");
  fs::create_directory(cache_ / "tmp");
  fs::permissions(cache_ / "tmp", fs::perms(01777));
  EXPECT_EQ(refused_folders(), "");
  if (::geteuid() != 0) GTEST_SKIP() << "takes root, to give files away";
  ASSERT_EQ(::lchown((cache_ / "link").c_str(), other_user, 0), 0);
  EXPECT_THAT(refused_folders(), HasSubstr("link' belongs to user uid 12345"));
}

// Gives the child a /run of its own in which somebody made the folder before lab.
[[noreturn]] void find_folders_in_a_run_of_another_user() {
  const std::string error = refusal([] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", "/run", "tmpfs", 0, nullptr) != 0 || ::mkdir("/run/lab", 0755) != 0 ||
        ::chown("/run/lab", other_user, 0) != 0)
      std::_Exit(1);
    find_folders();
  });
  std::fputs(error.c_str(), stderr);
  std::_Exit(0);
}

TEST_F(Ownership, OfTheRunFolderIsChecked) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root, to mount";
  EXPECT_EXIT(find_folders_in_a_run_of_another_user(), testing::ExitedWithCode(0),
              "'/run/lab' belongs to user uid 12345");
}

}  // namespace
}  // namespace lab::base
