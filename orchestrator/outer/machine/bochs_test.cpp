// SPDX-License-Identifier: MIT
#include "orchestrator/outer/machine/bochs.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::outer {
namespace {

// Returns what is said against a Bochs that writes a log and has ended when lab first looks.
std::string against_one_that_logs(const std::string& text) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const std::filesystem::path program = folder.path() / "bochs";
  base::write_file(program, "#!/bin/sh\nprintf '" + text + "' >bochs.log\nexit 1\n");
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  return try_bochs(program);
}

TEST(TryBochs, OneThatEndsAtOnceMayHaveVmx) {
  EXPECT_EQ(against_one_that_logs("\\tsmx\\n\\tvmx\\n"), "");
  EXPECT_EQ(against_one_that_logs("\\tsmx\\n"), "its processor shows no VMX");
}

}  // namespace
}  // namespace lab::outer
