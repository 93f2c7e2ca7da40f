// SPDX-License-Identifier: MIT
// Tests `lab clean` on a cache of its own.
#include "orchestrator/cli/lab_fixture.hpp"

namespace lab::cli {
namespace {

TEST_F(Lab, CleanRemovesWhatNobodyUsedAndSaysWhat) {
  const fs::path tree = fs::path(folder()) / "lab/trees/linux-0123";
  fs::create_directories(tree);
  std::ofstream(tree / "lock").close();
  std::ofstream(tree / "vmlinux") << std::string(3 << 20, 'x');
  fs::last_write_time(tree / "lock",
                      fs::file_time_type::clock::now() - std::chrono::hours(24 * 40));
  const std::string line = tree.string() + ", 3.0 MiB, used 40 days ago\n";
  EXPECT_EQ(lab({"clean", "--unused", "6 weeks"}).output, "0.0 MiB removed\n");
  EXPECT_EQ(lab({"clean", "--dry-run"}).output, line + "3.0 MiB would be removed\n");
  EXPECT_TRUE(fs::exists(tree));
  EXPECT_EQ(lab({"clean"}).output, line + "3.0 MiB removed\n");
  EXPECT_FALSE(fs::exists(tree));
}

TEST_F(Lab, CleanRefusesWhatMayBeInUse) {
  const Finished run = lab({"clean", "--unused", "2 h"});
  EXPECT_EQ(run.code, base::exit_usage);
  EXPECT_THAT(run.errors, HasSubstr("--unused '2 h' is less than a day"));
  EXPECT_THAT(lab({"clean", "--unused", "soon"}).errors,
              HasSubstr("--unused 'soon' is no time up to 65,535 units"));
}

}  // namespace
}  // namespace lab::cli
