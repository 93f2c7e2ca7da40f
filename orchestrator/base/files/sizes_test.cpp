// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/sizes.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;

class Sizes : public testing::Test {
 protected:
  Sizes() {
    fs::create_directories(path("boot"));
    write_file(path("boot/a kernel"), "0123456789");
    write_file(path("empty"), "");
    fs::create_symlink("nowhere", path("link"));
    record_sizes(folder_.path());
  }

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  std::string wrong() const { return wrong_size(folder_.path()); }

  TemporaryFolder folder_{fs::temp_directory_path(), "sizes-test"};
};

TEST_F(Sizes, OfAFolderAsItWasMadeAreRight) {
  EXPECT_EQ(wrong(), "");
  write_file(path("later"), "x");
  EXPECT_EQ(wrong(), "");
}

TEST_F(Sizes, OfAFileThatIsCutOffAreWrong) {
  fs::resize_file(path("boot/a kernel"), 5);
  EXPECT_EQ(wrong(), "'boot/a kernel' has 5 bytes, not 10");
  fs::remove(path("boot/a kernel"));
  EXPECT_EQ(wrong(), "'boot/a kernel' is missing");
}

TEST_F(Sizes, AreNotTrustedWhereTheyAreCutOffThemselves) {
  fs::resize_file(path(sizes_name), fs::file_size(path(sizes_name)) - 1);
  EXPECT_EQ(wrong(), "'.sizes' is cut off");
  write_file(path(sizes_name), "ten boot/a kernel\n");
  EXPECT_EQ(wrong(), "'.sizes' cannot be read");
}

TEST_F(Sizes, OfAnOlderLabsFolderAreNotKnown) {
  fs::remove(path(sizes_name));
  fs::resize_file(path("boot/a kernel"), 5);
  EXPECT_EQ(wrong(), "");
}

TEST_F(Sizes, AreTheReasonToRemoveADamagedFolder) {
  const fs::path inner = path("inner");
  fs::create_directories(inner);
  write_file(inner / "file", "0123");
  record_sizes(inner);
  EXPECT_FALSE(remove_damaged(inner));
  fs::resize_file(inner / "file", 2);
  EXPECT_TRUE(remove_damaged(inner));
  EXPECT_FALSE(fs::exists(inner));
}

}  // namespace
}  // namespace lab::base
