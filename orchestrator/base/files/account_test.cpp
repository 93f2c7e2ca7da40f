// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/account.hpp"

#include <gmock/gmock.h>
#include <grp.h>
#include <pwd.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "orchestrator/base/files/folders.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;

constexpr Account somebody{64321, 64322};

class HandingOver : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  }
  TemporaryFolder folder_{fs::temp_directory_path(), "lab-test"};  // closed to others
  const fs::path file_ = folder_.path() / "file";
};

TEST_F(HandingOver, OpensTheWayToTheFileAndNoMore) {
  std::ofstream(folder_.path() / "other") << "secret";
  fs::permissions(folder_.path() / "other", fs::perms(0600));
  give(file_, somebody);
  EXPECT_TRUE(can_open(somebody, file_, R_OK));
  EXPECT_FALSE(can_open(somebody, folder_.path(), R_OK));  // to list its names
  EXPECT_FALSE(can_open(somebody, folder_.path() / "other", R_OK));
  EXPECT_FALSE(can_open({64400, 64400}, file_, R_OK));
}

// libvirt's packages make such a user: its first group is kvm, and libvirt may name its other one.
TEST_F(HandingOver, CountsAllGroupsOfTheUser) {
  const passwd* user = ::getpwnam("libvirt-qemu");
  const group* other = ::getgrnam("libvirt-qemu");
  if (user == nullptr || other == nullptr || user->pw_gid == other->gr_gid)
    GTEST_SKIP() << "no such user";
  std::ofstream(file_) << "bytes";
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(file_, fs::perms(0640));
  const gid_t groups[] = {user->pw_gid, other->gr_gid, somebody.group};
  for (const gid_t named : groups) {
    const Account qemu{user->pw_uid, named};
    for (const gid_t files : groups) {
      ASSERT_EQ(::chown(file_.c_str(), 0, files), 0);
      EXPECT_EQ(can_open(qemu, file_, R_OK), files != somebody.group || named == somebody.group);
      EXPECT_FALSE(can_open(qemu, file_, R_OK | W_OK));
    }
  }
}

TEST_F(HandingOver, IsUndoneByTakingBack) {
  give(file_, somebody);
  fs::create_symlink("/etc/shadow", folder_.path() / "link");
  struct stat before {
  }, after{}, taken{};
  ASSERT_EQ(::stat("/etc/shadow", &before), 0);
  take_back(folder_.path());
  ASSERT_EQ(::stat("/etc/shadow", &after), 0);
  ASSERT_EQ(::stat(file_.c_str(), &taken), 0);
  EXPECT_EQ(taken.st_uid, 0u);
  EXPECT_EQ(taken.st_mode & 0777u, 0644u);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_gid, before.st_gid);
  give(file_, somebody);
  take_back(file_);  // works for a single file, too
  ASSERT_EQ(::stat(file_.c_str(), &taken), 0);
  EXPECT_EQ(taken.st_uid, 0u);
}

// A guest may have put something else in the file's place.
TEST_F(HandingOver, FollowsNoLink) {
  const TemporaryFolder elsewhere(fs::temp_directory_path(), "lab-test");
  const fs::path aim = elsewhere.path() / "aim";
  std::ofstream(aim) << "root's";
  fs::create_symlink(aim, file_);
  EXPECT_ANY_THROW(give(file_, somebody));
  give_folder(folder_.path(), somebody);
  struct stat found {};
  ASSERT_EQ(::stat(aim.c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, 0u);
}

TEST_F(HandingOver, SeesAFolderAboveThatIsClosed) {
  const fs::path cache = folder_.path() / "cache";
  fs::create_directory(cache);
  std::ofstream(cache / "disk") << "bytes";
  EXPECT_FALSE(can_open(somebody, cache / "disk", R_OK));
  fs::permissions(folder_.path(), fs::perms(0755));
  EXPECT_TRUE(can_open(somebody, cache / "disk", R_OK));
}

// Otherwise an emulator would fail at its disk, or be root without a word.
TEST_F(HandingOver, ADiskBelowAClosedFolderMakesItsEmulatorRunAsRootWithAWarning) {
  const fs::path open = folder_.path() / "open", closed = folder_.path() / "closed";
  fs::permissions(folder_.path(), fs::perms(0755));
  for (const fs::path& cache : {open, closed}) {
    fs::create_directory(cache);
    std::ofstream(cache / "disk") << "bytes";
  }
  fs::permissions(closed, fs::perms(0700));
  std::ostringstream said;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said)));
  EXPECT_TRUE(can_read_all(somebody, {open / "disk"}, "QEMU of 'x'"));
  EXPECT_EQ(said.str(), "");
  EXPECT_FALSE(can_read_all(somebody, {open / "disk", closed / "disk"}, "QEMU of 'x'"));
  EXPECT_THAT(said.str(), testing::HasSubstr("warning] QEMU of 'x' runs as root: user 64321 cannot "
                                             "read '" +
                                             (closed / "disk").string() + "'\n"));
  spdlog::set_default_logger(before);
}

}  // namespace
}  // namespace lab::base
