// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/atomic_folder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/beside.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace {

// Records the calls that reach the disk, in order: "sync NAME", "rename NAME".
std::vector<std::string> asked;

std::string name_of(const std::filesystem::path& path) {
  return path.filename().string();
}

}  // namespace

// Replaces the C library's functions in all that is linked into this test.
extern "C" int fsync(int fd) {
  asked.push_back("sync " +
                  name_of(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd))));
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int syncfs(int fd) noexcept {
  asked.emplace_back("sync all");
  return static_cast<int>(::syscall(SYS_syncfs, fd));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  asked.push_back("rename to " + name_of(to));
  return static_cast<int>(::syscall(SYS_rename, from, to));
}

namespace lab::base {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class AtomicFolder : public testing::Test {
 protected:
  AtomicFolder() { asked.clear(); }

  TemporaryFolder folder_{fs::temp_directory_path(), "atomic-test"};
};

TEST_F(AtomicFolder, IsWholeOrNotThere) {
  const fs::path folder = folder_.path() / "cache" / "x";
  EXPECT_THROW(make_folder_once(folder,
                                [](const fs::path& work) {
                                  write_file(work / "half", "h");
                                  throw infrastructure_error("killed");
                                }),
               Error);
  EXPECT_FALSE(fs::exists(folder));
  fs::create_directories(folder.parent_path() / ".making-x.dead");  // as kill -9 leaves it
  EXPECT_TRUE(make_folder_once(folder, [](const fs::path& work) { write_file(work / "a", "a"); }));
  EXPECT_FALSE(make_folder_once(folder, [](const fs::path&) { FAIL(); }));
  EXPECT_FALSE(fs::exists(folder.parent_path() / ".making-x.dead"));
}

// People move a part of their cache to a larger disk.
TEST_F(AtomicFolder, IsMadeBehindALink) {
  fs::create_directory(folder_.path() / "large");
  fs::create_symlink("large", folder_.path() / "warm");
  EXPECT_TRUE(make_folder_once(folder_.path() / "warm/state", [](const fs::path&) {}));
  EXPECT_TRUE(fs::exists(folder_.path() / "large/state"));
}

// A rename may reach the disk before the bytes do: after a power cut the file would be empty.
TEST_F(AtomicFolder, IsOnTheDiskBeforeItHasItsName) {
  make_folder_once(folder_.path() / "image",
                   [](const fs::path& work) { std::ofstream(work / "disk") << "bytes"; });
  EXPECT_THAT(asked, ElementsAre("sync all", "rename to image", "sync " + name_of(folder_.path())));
}

// lab's first command makes its images side by side.
TEST_F(AtomicFolder, TwoAreMadeAtOnceAndOneOnce) {
  std::promise<void> first_begun, second_made;
  const auto make_first = [&](const fs::path&) {
    first_begun.set_value();
    EXPECT_EQ(second_made.get_future().wait_for(std::chrono::seconds(20)),
              std::future_status::ready);
  };
  Beside first([&] { EXPECT_TRUE(make_folder_once(folder_.path() / "first", make_first)); });
  first_begun.get_future().wait();
  EXPECT_TRUE(make_folder_once(folder_.path() / "second", [](const fs::path&) {}));
  Beside again([&] {
    EXPECT_FALSE(make_folder_once(folder_.path() / "first", [](const fs::path&) { FAIL(); }));
  });
  sleep_interruptibly(0.05);
  second_made.set_value();
  first.wait();
  again.wait();
  EXPECT_TRUE(fs::exists(folder_.path() / "first"));
}

TEST_F(AtomicFolder, WhatAnotherMakesIsNotCleared) {
  const auto make = [&](const fs::path& work) {
    EXPECT_TRUE(make_folder_once(folder_.path() / "second", [](const fs::path&) {}));
    EXPECT_FALSE(clear_half_made(folder_.path()));
    EXPECT_TRUE(fs::exists(work));
  };
  EXPECT_TRUE(make_folder_once(folder_.path() / "first", make));
}

TEST_F(AtomicFolder, AFileIsOnTheDiskBeforeItHasItsName) {
  std::ofstream(folder_.path() / "disk.part") << "bytes";
  put_in_place(folder_.path() / "disk.part", folder_.path() / "disk");
  EXPECT_THAT(asked,
              ElementsAre("sync disk.part", "rename to disk", "sync " + name_of(folder_.path())));
}

TEST_F(AtomicFolder, AWrittenFileIsOnTheDiskBeforeItHasItsName) {
  write_file(folder_.path() / "modules.json", "{}");
  EXPECT_THAT(asked,
              ElementsAre(testing::StartsWith("sync modules.json."), "rename to modules.json"));
}

}  // namespace
}  // namespace lab::base
