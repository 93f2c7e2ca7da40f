// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/bisect_points.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::cli {
namespace {

TEST(PointsOf, AValueThatIsNamedTwiceIsRefused) {
  EXPECT_EQ(find_points({.over = "kvm.kernel=6.1,6.12"}).points.size(), 2u);
  EXPECT_THROW(find_points({.over = "kvm.kernel=6.1,6.12,6.1"}), base::Error);
  EXPECT_THROW(find_points({.over = "kvm.kernel=6.1"}), base::Error);
}

// Trials are found again by these values, which their names contain.
TEST(PointsOf, ValuesAreAsTrialsNameThemInAnyFolder) {
  const auto in_full = [](const std::string& over) { return over_in_full({.over = over}); };
  const std::string here = std::filesystem::current_path();
  EXPECT_EQ(in_full("image=./monday.qcow2,days/tuesday.qcow2,debian-12"),
            "image=" + here + "/monday.qcow2," + here + "/days/tuesday.qcow2,debian-12");
  EXPECT_EQ(in_full("kvm.kernel=6.1,./linux@HEAD~3,~/linux"),
            "kvm.kernel=6.1," + here + "/linux@HEAD~3,~/linux");
  EXPECT_EQ(in_full("paging=nested,shadow"), "kvm.paging=nested,shadow");
  EXPECT_EQ(in_full("guest.cmdline=a/b=1,a/b=2"), "guest.cmdline=a/b=1,a/b=2");
  EXPECT_EQ(set_in_full("image=./my.qcow2"), "image=" + here + "/my.qcow2");
  EXPECT_EQ(set_in_full("matrix.guest.kernel=image,./bzImage"),
            "matrix.guest.kernel=image," + here + "/bzImage");
  EXPECT_EQ(set_in_full("repeat=3"), "repeat=3");
}

TEST(PointsOf, AListOfPathsInAFolderWithACommaIsRefused) {
  const base::TemporaryFolder folder(std::filesystem::temp_directory_path(), "lab,test");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_THROW(over_in_full({.over = "image=./a,./b"}), base::Error);
  EXPECT_THROW(set_in_full("matrix.image=./a,./b"), base::Error);
  EXPECT_EQ(set_in_full("image=./a"), "image=" + folder.path().string() + "/a");
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace lab::cli
