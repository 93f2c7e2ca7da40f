// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kits/obtainable.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/kvm/kits/kit.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Has an apt-cache of its own, which prints the file "madison".
class ObtainableKit : public testing::Test {
 protected:
  ObtainableKit() {
    write("bin/apt-cache", "#!/bin/sh\ncat " + (folder_.path() / "madison").string() + "\n");
    fs::permissions(folder_.path() / "bin/apt-cache", fs::perms::owner_all);
    ::setenv("PATH", ((folder_.path() / "bin").string() + ":" + before_).c_str(), 1);
  }
  ~ObtainableKit() override {
    ::setenv("PATH", before_.c_str(), 1);
    ::unsetenv("LAB_SHARED_CACHE");
  }

  void write(const std::string& name, const std::string& text) const {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path.parent_path());
    base::write_file(path, text);
  }

  void write_kit(const std::string& cache, const std::string& version) const {
    write(cache + "/kernels/6.1.0-41-amd64/info.json",
          R"({"release":"6.1.0-41-amd64","suite":"bookworm","version":")" + version + R"("})");
  }

  // apt has the kernel's packages, in this version and suite.
  void offer(const std::string& version, const std::string& suite) const {
    std::string text;
    for (const char* name :
         {"linux-image-6.1.0-41-amd64", "linux-headers-6.1.0-41-amd64", "linux-source-6.1"})
      text += std::string(name) + " | " + version + " | http://mirror.example/debian " + suite +
              "/main amd64 Packages\n";
    write("madison", text);
  }

  std::string why() const {
    return why_no_kit(folder_.path() / "cache", "6.1.0-41-amd64", "6.1.158-1");
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "obtainable-test"};
  std::string before_ = ::getenv("PATH");
};

// As Debian's mirrors do when a newer one is out, some months later.
TEST_F(ObtainableKit, OfAKernelThatEveryMirrorDroppedThereIsNone) {
  write("madison", "");
  EXPECT_THAT(why(), HasSubstr("neither lab's cache nor apt has image, headers and source of "
                               "kernel 6.1.0-41-amd64 (6.1.158-1)"));
  offer("6.1.159-1", machine_suite());
  EXPECT_THAT(why(), HasSubstr("neither"));
  offer("6.1.158-1", machine_suite());
  EXPECT_EQ(why(), "");
  offer("6.1.158-1", machine_suite() + "-security");
  EXPECT_EQ(why(), "");
  offer("6.1.158-1", machine_suite() + "-backports");
  EXPECT_THAT(why(), HasSubstr("neither")) << "fetch-kit does not know that suite";
  offer("6.1.158-1", machine_suite());
  std::string some = base::read_file(folder_.path() / "madison");
  write("madison", some.substr(0, some.find("linux-source")));
  EXPECT_THAT(why(), HasSubstr("neither")) << "there is no source";
}

TEST_F(ObtainableKit, IsNotToBeHadWhereThereIsNoApt) {
  ::setenv("PATH", folder_.path().c_str(), 1);
  EXPECT_THAT(why(), HasSubstr("neither"));
}

TEST_F(ObtainableKit, OfTheCacheIsTakenInTheRunningVersionOnly) {
  write("madison", "");
  write_kit("cache", "6.1.158-1");
  EXPECT_EQ(why(), "");
  write_kit("cache", "6.1.157-1");
  EXPECT_EQ(why(), "the cache's kernel 6.1.0-41-amd64 is 6.1.157-1, and 6.1.158-1 runs here");
}

TEST_F(ObtainableKit, OfTheSharedCacheIsTaken) {
  write("madison", "");
  write_kit("shared", "6.1.158-1");
  EXPECT_THAT(why(), HasSubstr("neither"));
  ::setenv("LAB_SHARED_CACHE", (folder_.path() / "shared").c_str(), 1);
  EXPECT_EQ(why(), "");
  write("shared/kernels/6.1.0-41-amd64/info.json", "{");
  EXPECT_THAT(why(), HasSubstr("neither"));
}

TEST_F(ObtainableKit, IsLookedUpInTheListsThatLabRead) {
  write("madison", "");
  write("cache/apt/bookworm/kernels", "6.1.0-41-amd64 6.1.158-1 bookworm gcc-12 -\n");
  EXPECT_EQ(why(), "");
  offer("6.1.158-1", machine_suite());
  write("cache/apt/bookworm/gone", "6.1.0-41-amd64 6.1.158-1\n");
  EXPECT_THAT(why(), HasSubstr("the mirror does not have all files"));
  const auto two_days_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
  fs::last_write_time(folder_.path() / "cache/apt/bookworm/gone", two_days_ago);
  EXPECT_EQ(why(), "");
  write("madison", "");
  fs::last_write_time(folder_.path() / "cache/apt/bookworm/kernels", two_days_ago);
  EXPECT_THAT(why(), HasSubstr("neither")) << "the list is too old";
}

}  // namespace
}  // namespace lab::kvm
