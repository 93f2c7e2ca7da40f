// SPDX-License-Identifier: MIT
// Follows the tutorial as its reader does, in a fresh folder (followed_page).
#include "orchestrator/e2e/followed_page.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

class Tutorial : public LabTest {};

TEST_F(Tutorial, EveryCommandRuns) {
  // The reader begins in an empty folder with two of lab's own folders in it.
  const fs::path source = LAB_SOURCE_DIR, work = folder() / "work";
  fs::create_directory(work);
  fs::create_directory(folder() / "bin");
  for (const char* name : {"scenarios", "ci"})
    fs::create_directory_symlink(source / name, work / name);
  fs::create_symlink(binary(), folder() / "bin" / "lab");
  const FollowedPage page(contents(source / "orchestrator/help/tutorial.md"));
  ASSERT_GT(page.size(), 10u) << "the page is not as this test reads it";
  page.follow(work, folder(),
              {{"XDG_STATE_HOME", folder().string()},
               {"PATH", (folder() / "bin").string() + ":" + std::getenv("PATH")}},
              std::chrono::minutes(18));
}

}  // namespace
}  // namespace lab::e2e
