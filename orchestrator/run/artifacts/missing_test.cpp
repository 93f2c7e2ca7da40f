// SPDX-License-Identifier: MIT
#include "orchestrator/run/artifacts/missing.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/kit.hpp"

namespace lab::run {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Returns "image 'tiny' (root)".
std::vector<std::string> in_words(const std::vector<MissingPart>& missing) {
  std::vector<std::string> words;
  for (const MissingPart& part : missing)
    words.push_back(part.what + (part.takes_root ? " (root)" : ""));
  return words;
}

class Missing : public testing::Test {
 protected:
  Missing() {
    ::unsetenv("LAB_SHARED_CACHE");
    folders_.cache = folder_.path() / "cache";
    folders_.share = LAB_SOURCE_DIR;
    folders_.config = folder_.path() / "config";
  }
  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories(file.parent_path());
    base::write_file(file, text);
  }
  void add_kit(const std::string& release, const std::string& suite, const fs::path& cache) const {
    write(cache / "kernels" / release / "info.json",
          R"({"release":")" + release + R"(","version":"1","suite":")" + suite + R"("})");
  }
  void add_modules(const std::string& release, const fs::path& cache) const {
    const std::string patch = kvm::patch_version(folders_.kvm_patch());
    write(cache / "modules" / (release + "-" + patch) / "build.json",
          R"({"release":")" + release + R"(","version":"1","patch":")" + patch +
              R"(","seconds":{}})");
  }
  std::vector<std::string> missing(const std::vector<std::string>& kernels,
                                   const std::vector<std::string>& images,
                                   const record::Site& site = record::site_svm) const {
    std::vector<scenario::TrialPlan> plans;
    for (const std::string& image : images) plans.emplace_back().settings.image = image;
    return in_words(find_missing(site, kernels, plans, folders_));
  }

  base::TemporaryFolder folder_{testing::TempDir(), "missing-test"};
  base::Folders folders_;
};

TEST_F(Missing, IsEverythingWhereTheCacheIsEmpty) {
  EXPECT_THAT(
      missing({"", "", "6.12"}, {"tiny", "tiny", "ubuntu-20.04", "./my.qcow2"}),
      ElementsAre("the kit of kernel bookworm", "the outer VM's image with kernel bookworm (root)",
                  "the kit of kernel 6.12", "the outer VM's image with kernel 6.12 (root)",
                  "image 'tiny' (root)", "image 'ubuntu-20.04'"));
  EXPECT_THAT(missing({"6.1.0-1-amd64"}, {"tiny"}, record::site_here),
              ElementsAre("the kit of kernel 6.1.0-1-amd64", "image 'tiny' (root)"));
}

TEST_F(Missing, IsNotWhatTheCacheOrTheSharedOneHas) {
  add_kit("6.1.0-1-amd64", "bookworm", folders_.cache);
  const std::string root = kvm::machine_suite() == "bookworm" ? "" : " (root)";
  EXPECT_THAT(missing({""}, {}),
              ElementsAre("the outer VM's image with kernel 6.1.0-1-amd64 (root)",
                          "modules of kernel 6.1.0-1-amd64" + root));
  add_modules("6.1.0-1-amd64", folders_.cache);
  EXPECT_THAT(missing({""}, {}),
              ElementsAre("the outer VM's image with kernel 6.1.0-1-amd64 (root)"));
  const fs::path shared = folder_.path() / "shared";
  add_kit("5.10.0-1-amd64", "bullseye", shared);
  ::setenv("LAB_SHARED_CACHE", shared.c_str(), 1);
  EXPECT_THAT(missing({"5.10"}, {}),
              ElementsAre("the outer VM's image with kernel 5.10.0-1-amd64 (root)",
                          "modules of kernel 5.10.0-1-amd64 (root)"));
  add_modules("5.10.0-1-amd64", shared);
  EXPECT_THAT(missing({"5.10"}, {}),
              ElementsAre("the outer VM's image with kernel 5.10.0-1-amd64 (root)"));
  ::unsetenv("LAB_SHARED_CACHE");
}

// Its own script finds out what is there; images are prepared by the default kernel in any case.
TEST_F(Missing, LeavesOutAKernelOfOnesOwn) {
  EXPECT_THAT(missing({"/home/me/linux"}, {}), ElementsAre());
  EXPECT_THAT(missing({"/home/me/linux"}, {"./my.qcow2"}),
              ElementsAre("the kit of kernel bookworm"));
}

TEST(Makeable, WhatTakesRootIsSaidWithTheCommandThatMakesIt) {
  const std::vector<MissingPart> missing{
      {"the kit of kernel 6.12"}, {"image 'tiny'", true}, {"image 'debian-12'", true}};
  const record::Site& site = record::site_vmx;
  EXPECT_NO_THROW(check_makeable(missing, site, true, ""));
  EXPECT_NO_THROW(check_makeable({missing[0]}, site, false, ""));
  EXPECT_NO_THROW(check_makeable({}, site, false, "'Fedora Linux 41'"));
  try {
    check_makeable(missing, site, false, "");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    EXPECT_STREQ(error.what(),
                 "the cache lacks what takes root to make: image 'tiny', image 'debian-12'");
    EXPECT_THAT(error.hint(), HasSubstr("sudo lab provide SCENARIO --on vmx"));
  }
  for (const bool is_root : {true, false}) try {
      check_makeable(missing, site, is_root, "'Fedora Linux 41'");
      FAIL();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
      EXPECT_THAT(error.what(), AllOf(HasSubstr("this is 'Fedora Linux 41'"),
                                      HasSubstr("the kit of kernel 6.12, image 'tiny'")));
    }
}

}  // namespace
}  // namespace lab::run
