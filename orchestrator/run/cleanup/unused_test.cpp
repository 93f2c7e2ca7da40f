// SPDX-License-Identifier: MIT
#include "orchestrator/run/cleanup/leftovers.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <fstream>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::run {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using testing::UnorderedElementsAre;

class Clean : public testing::Test {
 protected:
  // Makes a folder of the cache with a mark that is so many days old, and 1,000 bytes.
  fs::path make(const std::string& name, const std::string& mark, int days) const {
    const fs::path folder = cache_.path() / name;
    fs::create_directories(folder / "build");
    std::ofstream(folder / "build/vmlinux") << std::string(1000, 'x');
    std::ofstream(folder / mark).close();
    fs::last_write_time(folder / mark, now_ - days * hours(24));
    return folder;
  }
  std::vector<fs::path> unused() const {
    std::vector<fs::path> folders;
    for (const Unused& one : find_unused(cache_.path(), now_ - 30 * hours(24)))
      folders.push_back(one.folder.lexically_relative(cache_.path()));
    return folders;
  }

  const base::TemporaryFolder cache_{fs::temp_directory_path(), "lab-clean"};
  const fs::file_time_type now_ = fs::file_time_type::clock::now();
};

TEST_F(Clean, WhatNobodyUsedIsFoundByItsMark) {
  make("trees/linux-0123", "lock", 40);
  make("trees/linux-4567", "lock", 20);
  make("trees/kits/base", "info.json", 40);
  make("trees/kits/base-kvm", "info.json", 20);
  make("modules/6.1-lab-1", "build.json", 40);
  make("own/abc", "file", 40);
  make("images/outer", "info.json", 400);
  EXPECT_THAT(unused(), UnorderedElementsAre("trees/linux-0123", "trees/kits/base",
                                             "modules/6.1-lab-1", "own/abc"));
  EXPECT_EQ(find_unused(cache_.path(), now_ - 30 * hours(24)).front().bytes, 1000u);
}

TEST_F(Clean, WhatLinksToAnotherCacheStays) {
  const fs::path other = make("other", "build.json", 40);
  fs::create_directories(cache_.path() / "modules");
  fs::create_directory_symlink(other, cache_.path() / "modules/6.1");
  EXPECT_TRUE(unused().empty());
}

TEST_F(Clean, WhatIsUsedMeanwhileStays) {
  const fs::path tree = make("trees/linux-0123", "lock", 40), own = make("own/abc", "file", 40);
  const auto found = find_unused(cache_.path(), now_ - 30 * hours(24));
  ASSERT_EQ(found.size(), 2u);
  const base::Fd builder(::open((tree / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(builder.get(), LOCK_EX | LOCK_NB), 0);
  fs::last_write_time(own / "file", now_);
  for (const Unused& one : found) EXPECT_FALSE(remove_unused(one)) << one.folder;
  EXPECT_TRUE(fs::exists(tree) && fs::exists(own));
}

TEST_F(Clean, RemovesAFolderWhole) {
  const fs::path tree = make("trees/linux-0123", "lock", 40);
  for (const Unused& one : find_unused(cache_.path(), now_ - 30 * hours(24)))
    EXPECT_TRUE(remove_unused(one));
  EXPECT_FALSE(fs::exists(tree));
  EXPECT_TRUE(fs::is_empty(cache_.path() / "trees"));
}

}  // namespace
}  // namespace lab::run
