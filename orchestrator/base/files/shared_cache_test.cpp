// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/shared_cache.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class SharedCache : public testing::Test {
 protected:
  SharedCache() {
    fs::create_directories(made_ / "bin");
    write(made_ / "disk", std::string(100'000, 'd'));
    write(made_ / "bin/tool", "#!/bin/sh\n");
    fs::permissions(made_ / "bin/tool", fs::perms(0775));
    fs::create_directory(made_ / "empty");
    fs::create_symlink("../disk", made_ / "bin/disk");
    ::setenv("LAB_SHARED_CACHE", shared_.c_str(), 1);
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(said_);
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    publish(made_, shared_);
  }
  ~SharedCache() override {
    spdlog::set_default_logger(before_);
    ::unsetenv("LAB_SHARED_CACHE");
  }

  static void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

  // Only the lock remains of a folder that was not taken.
  bool nothing_is_local() const {
    for (const auto& entry : fs::directory_iterator(local_.parent_path()))
      if (entry.path().filename() != ".lock") return false;
    return true;
  }

  TemporaryFolder folder_{fs::temp_directory_path(), "shared-test"};
  const fs::path made_ = folder_.path() / "maker/images/tiny-1",
                 shared_ = folder_.path() / "shared",
                 local_ = folder_.path() / "node/images/tiny-1",
                 published_ = shared_ / "images/tiny-1";
  std::ostringstream said_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(SharedCache, IsCopiedWhole) {
  EXPECT_TRUE(take_shared(local_));
  EXPECT_EQ(read_file(local_ / "disk"), std::string(100'000, 'd'));
  EXPECT_EQ(fs::read_symlink(local_ / "bin/disk"), "../disk");
  EXPECT_TRUE(fs::is_directory(local_ / "empty"));
  EXPECT_EQ(fs::status(local_ / "bin/tool").permissions(), fs::perms(0755));
  EXPECT_FALSE(fs::exists(local_ / ".digests"));
  EXPECT_THAT(said_.str(), IsEmpty());
}

TEST_F(SharedCache, IsAskedOnlyForWhatIsMissing) {
  fs::create_directories(local_);
  fs::remove_all(shared_);
  EXPECT_TRUE(take_shared(local_));
  EXPECT_FALSE(take_shared(local_.parent_path() / "other"));
  ::unsetenv("LAB_SHARED_CACHE");
  EXPECT_FALSE(take_shared(local_.parent_path() / "other"));
}

TEST_F(SharedCache, HasNoLock) {
  EXPECT_TRUE(take_shared(local_));
  for (const auto& entry : fs::recursive_directory_iterator(shared_))
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr("lock")));
}

// Runs in a process without root's rights, for which the shared cache is read-only.
TEST_F(SharedCache, NeedsNoRightToWrite) {
  fs::permissions(folder_.path(), fs::perms(0755));
  for (const char* part : {"node", "node/images"}) {
    fs::create_directories(folder_.path() / part);
    if (::geteuid() != 0) continue;
    ASSERT_EQ(::chown((folder_.path() / part).c_str(), 65534, 65534), 0);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    ::_exit(take_shared(local_) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(fs::exists(local_ / "disk"));
}

TEST_F(SharedCache, RefusesWhatIsNotAsItWasWritten) {
  const auto refused = [&](const std::string& why) {
    said_.str("");
    EXPECT_FALSE(take_shared(local_)) << why;
    EXPECT_THAT(said_.str(), HasSubstr("tiny-1' is not taken: " + why));
    EXPECT_THAT(said_.str(), HasSubstr("it is made here"));
    EXPECT_TRUE(nothing_is_local());
    fs::remove_all(published_);
    publish(made_, shared_);
  };
  {
    std::fstream file(published_ / "disk", std::ios::in | std::ios::out);
    file.seekp(50'000);
    file << 'x';
  }
  refused("'disk' is not as it was written");
  fs::resize_file(published_ / "disk", 99'999);
  refused("'disk' is not as it was written");
  fs::remove(published_ / "bin/tool");
  refused("'bin/tool' is not as it was written");
  fs::permissions(published_ / "bin/tool", fs::perms(0644));
  refused("'bin/tool' is not as it was written");
  write(published_ / "more", "");
  refused("'more' does not belong to it");
  fs::remove(published_ / ".digests");
  refused("it has no digests");
  write(published_ / ".digests", "");
  refused("'");
  fs::create_symlink("/etc/passwd", published_ / "link");
  refused("'link' is a link to /etc/passwd");
  fs::create_symlink("../../x", published_ / "link");
  refused("'link' is a link to ../../x");
  ::mkfifo((published_ / "fifo").c_str(), 0600);
  refused("'fifo' is neither file, folder nor link");
  EXPECT_TRUE(take_shared(local_));
}

TEST_F(SharedCache, RefusesWhatChangesMeanwhile) {
  const std::string good = read_file(published_ / "disk");
  const pid_t child = ::fork();
  if (child == 0) {
    for (char c = 'e';; c = c == 'z' ? 'e' : char(c + 1)) {  // never what it was
      write(published_ / "disk", std::string(100'000, c));
    }
  }
  while (read_file(published_ / "disk") == good) ::usleep(1'000);
  EXPECT_FALSE(take_shared(local_));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_THAT(said_.str(), HasSubstr("'disk' is not as it was written"));
}

// Each process would copy the folder if none waited for another.
TEST_F(SharedCache, IsCopiedOnceByManyProcesses) {
  const fs::path tools = folder_.path() / "tools", log = folder_.path() / "log";
  fs::create_directory(tools);
  write(tools / "cp", "#!/bin/sh\necho >>'" + log.string() + "'\nsleep 0.3\nexec /bin/cp \"$@\"\n");
  fs::permissions(tools / "cp", fs::perms(0755));
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (tools.string() + ":" + path).c_str(), 1);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) ::_exit(take_shared(local_) ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(fs::exists(local_ / "disk"));
  EXPECT_EQ(read_file(log), "\n");
}

// lab makes images side by side: if one waited for another, lab would wait for its own lock.
TEST_F(SharedCache, IsCopiedWhileAnotherFolderIsMade) {
  make_folder_once(local_.parent_path() / "other",
                   [&](const fs::path&) { EXPECT_TRUE(take_shared(local_)); });
  EXPECT_TRUE(fs::exists(local_ / "disk"));
  EXPECT_THAT(said_.str(), IsEmpty());
}

TEST_F(SharedCache, IsPublishedOnce) {
  EXPECT_FALSE(publish(made_, shared_));
  fs::create_directory(shared_ / "images/.making-old");
  fs::last_write_time(shared_ / "images/.making-old",
                      fs::file_time_type::clock::now() - std::chrono::hours(25));
  fs::create_directory(shared_ / "images/.making-now");
  fs::copy(made_, made_.parent_path() / "tiny-2",
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  EXPECT_TRUE(publish(made_.parent_path() / "tiny-2", shared_));
  EXPECT_FALSE(fs::exists(shared_ / "images/.making-old"));
  EXPECT_TRUE(fs::exists(shared_ / "images/.making-now"));
}

TEST_F(SharedCache, MustBeAnAbsolutePathOfAFolder) {
  ::setenv("LAB_SHARED_CACHE", "cache", 1);
  EXPECT_THROW(shared_cache(), Error);
  ::setenv("LAB_SHARED_CACHE", "/nowhere", 1);
  EXPECT_FALSE(take_shared(local_));
  EXPECT_THAT(said_.str(), HasSubstr("LAB_SHARED_CACHE '/nowhere' is no folder here"));
}

}  // namespace
}  // namespace lab::base
