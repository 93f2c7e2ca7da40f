// SPDX-License-Identifier: MIT
// Gives tests the kernel side as it is in this tree.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/process/subprocess.hpp"

namespace lab::kvm {

inline const std::filesystem::path patch_folder =
    std::filesystem::path(LAB_SOURCE_DIR) / "kvm-patch";

// Waits some seconds until a process whose command line matches the pattern runs, or does not.
// Returns whether that came true.
inline bool becomes(bool running, const std::string& pattern) {
  const auto runs = [&] { return base::run({.argv = {"pgrep", "-f", pattern}}).exit_code == 0; };
  for (int i = 0; i < 100 && runs() != running; ++i) ::usleep(50'000);
  return runs() == running;
}

// Kills a script, and nothing else, by -9 as soon as a program that it started runs.
inline void kill_by_hand(const std::vector<std::string>& argv, const std::string& pattern) {
  base::Process script({.argv = argv});
  EXPECT_TRUE(becomes(true, pattern)) << script.output();
  ::kill(script.pid(), SIGKILL);
  EXPECT_TRUE(becomes(false, pattern)) << "it outlived its script";
}

}  // namespace lab::kvm
