// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdlib>

#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::base {
namespace {

TEST(Host, IsOneShortLine) {
  EXPECT_EQ(host_in_words(2, "AMD EPYC 7B13"), "2 x AMD EPYC 7B13");
  EXPECT_EQ(host_in_words(12, "Intel(R) Xeon(R) CPU \t        X5650  @ 2.67GHz  "),
            "12 x Intel(R) Xeon(R) CPU X5650 @ 2.67GHz");
  EXPECT_EQ(host_in_words(1, "a\nb\x1b[31m\xc3\xa4\x7f"), "1 x a?b?[31m???");
  EXPECT_EQ(host_in_words(2, std::string(1000, 'a')).size(), 128u);
  EXPECT_EQ(host_in_words(2, ""), "");
  EXPECT_EQ(host_in_words(2, "  "), "");
}

TEST(ThisMachine, HasAKernelAndFlagsThatAreWholeWords) {
  EXPECT_NE(running_kernel(), "");
  EXPECT_TRUE(cpu_has("fpu"));
  EXPECT_FALSE(cpu_has("fp"));
  EXPECT_EQ(cpu_field("no such field"), "");
}

TEST(ThisMachine, ProgramsOfTheSystemAreFoundWithTheShortPathOfAService) {
  const std::string before = std::getenv("PATH");
  for (const char* path : {"/usr/bin:/bin", ""}) {
    ::setenv("PATH", path, 1);
    add_system_folders_to_path();
    EXPECT_NO_THROW(run_checked({.argv = {"mke2fs", "-V"}})) << path;
    EXPECT_NO_THROW(run_checked({.argv = {"modprobe", "--version"}})) << path;
  }
  EXPECT_STREQ(std::getenv("PATH"), "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
  ::setenv("PATH", "/sbin:/own", 1);
  add_system_folders_to_path();
  EXPECT_STREQ(std::getenv("PATH"), "/sbin:/own:/usr/local/sbin:/usr/sbin");
  ::setenv("PATH", before.c_str(), 1);
}

}  // namespace
}  // namespace lab::base
