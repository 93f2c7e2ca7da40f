// SPDX-License-Identifier: MIT
#include "orchestrator/run/doctor/emulator_age.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::run {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* madison =
    " qemu-system-x86 | 1:11.0.0+ds-1 | http://mirror.example/debian sid/main amd64 Packages\n"
    " qemu-system-x86 | 1:10.0.9+ds-0+deb13u1+b2 | http://mirror.example/debian trixie/main amd64 "
    "Packages\n"
    " qemu-system-x86 | 1:10.0.10+ds-0+deb13u1 | http://mirror.example/debian-security "
    "trixie-security/main amd64 Packages\n"
    " qemu-system-x86 | 1:7.2+dfsg-7+deb12u18+b3 | http://mirror.example/debian bookworm/main "
    "amd64 "
    "Packages\n"
    "N: a line of another kind\n";

TEST(EmulatorAge, TheNewestIsThatOfItsSuiteByDebiansOrder) {
  EXPECT_EQ(newest_of_suite(madison, "trixie"), "1:10.0.10+ds-0+deb13u1");
  EXPECT_EQ(newest_of_suite(madison, "bookworm"), "1:7.2+dfsg-7+deb12u18");
  EXPECT_EQ(newest_of_suite(madison, "bullseye"), "");
  EXPECT_EQ(newest_of_suite("", "trixie"), "");
}

TEST(EmulatorAge, DoctorNamesAnEmulatorThatDebianHasMendedSinceAndTheRemedy) {
  const outer::Emulator qemu{.title = "QEMU",
                             .program = "/usr/local/lib/lab/emulators/qemu-10.0.9-ab/qemu",
                             .source = "1:10.0.9+ds-0+deb13u1"};
  const Finding old = judge_age(qemu, newest_of_suite(madison, "trixie"));
  EXPECT_FALSE(old.ok);
  EXPECT_THAT(old.detail, HasSubstr("built from 1:10.0.9+ds-0+deb13u1; trixie has 1:10.0.10+ds"));
  EXPECT_THAT(old.remedy, HasSubstr("rm -r /usr/local/lib/lab/emulators/qemu-10.0.9-ab; ci/emul"));
  EXPECT_TRUE(judge_age(qemu, "1:10.0.9+ds-0+deb13u1").ok);
  const outer::Emulator bochs{.title = "Bochs", .program = "/b/bochs", .source = "3.0+dfsg"};
  EXPECT_TRUE(judge_age(bochs, "3.0+dfsg-1").ok);  // it has none of Debian's revisions
  EXPECT_FALSE(judge_age(bochs, "3.1+dfsg-1").ok);
  const Finding unknown = judge_age(qemu, "");
  EXPECT_TRUE(unknown.ok);
  EXPECT_THAT(unknown.detail, HasSubstr("not compared, as apt has no lists of trixie"));
}

// Lab's own lists are of the emulators' suite; the machine's may be of another.
TEST(EmulatorAge, IsJudgedByTheMachinesListsAndByLabsOwn) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const fs::path apt = folder.path() / "apt-cache";
  base::write_file(apt,
                   "#!/bin/sh\n[ \"$1\" = -c ] || exit 1\n[ \"$2\" = " +
                       (folder.path() / "apt/trixie/apt.conf").string() +
                       " ] && echo \" $4 | 9:1-1 | http://mirror trixie/main amd64 Packages\"\n");
  fs::permissions(apt, fs::perms(0755));
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path().string() + ":" + path).c_str(), 1);
  const std::vector<Finding> found = probe_emulator_ages({.cache = folder.path()});
  ::setenv("PATH", path.c_str(), 1);
  if (found.empty()) GTEST_SKIP() << "none of lab's own emulators is here";
  for (const Finding& finding : found) {
    EXPECT_FALSE(finding.ok);
    EXPECT_THAT(finding.detail, HasSubstr("trixie has 9:1-1"));
  }
}

}  // namespace
}  // namespace lab::run
