// SPDX-License-Identifier: MIT
// Tests that images and modules made twice, in different folders and on different file systems,
// have the same bytes: only then are counts comparable between machines.
#include <algorithm>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::Not;

// Limits a recipe together with the wait for another lab's lock.
constexpr std::chrono::minutes build_limit{40};

class Images : public LabTest {
 protected:
  // Returns name and digest of each file that the command makes below `what` of an empty cache.
  // build.json contains the seconds that it took.
  std::vector<std::string> made_in(const fs::path& cache, const std::string& what,
                                   const std::vector<std::string>& command) const {
    make_cache_without(what, cache);
    const Finished made =
        lab(command, {.environment = {{"XDG_CACHE_HOME", cache.string()}}, .limit = build_limit});
    EXPECT_EQ(made.exit_code, 0) << made.errors;
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(cache / "lab" / what)) {
      const fs::path& file = entry.path();
      if (entry.is_regular_file() && file.filename() != ".lock" && file.filename() != "build.json")
        files.push_back(fs::relative(file, cache).string() + " " + base::sha256_file(file));
    }
    std::ranges::sort(files);
    return files;
  }

  void expect_same_bytes(const std::string& what, const std::vector<std::string>& command) const {
    const base::TemporaryFolder in_memory("/dev/shm", "lab-e2e-of-another-length");
    const std::vector<std::string> once = made_in(folder() / "cache", what, command);
    EXPECT_THAT(once, Not(IsEmpty()));
    EXPECT_THAT(made_in(in_memory.path(), what, command), ElementsAreArray(once));
  }
};

TEST_F(Images, TinyIsTheSameBytesEachTime) {
  expect_same_bytes("images", {"image", "build", "tiny"});
}

TEST_F(Images, NightlyDebianIsTheSameBytesEachTime) {
  expect_same_bytes("images", {"image", "build", "debian-12"});
}

TEST_F(Images, NightlyTheOuterVmIsTheSameBytesEachTime) {
  expect_same_bytes("images", {"image", "build", "outer"});
}

TEST_F(Images, NightlyModulesAreTheSameBytesEachTime) {
  expect_same_bytes("modules", {"kvm", "build"});
}

}  // namespace
}  // namespace lab::e2e
