// SPDX-License-Identifier: MIT
// What reads bytes of unknown origin, each as a function of the bytes alone: libFuzzer calls it for
// as long as one likes (ci/fuzz), and the unit tests do with some thousand changed seeds.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lab::fuzz {

struct Target {
  std::string_view name;
  // Takes anything. Only what is wrong with lab leaves it: a crash, or an exception, which is
  // std::logic_error where what was read is not what was written.
  void (*run)(std::string_view input);
  // Good inputs to begin with, from the files in `repository` and from what lab itself writes.
  std::vector<std::string> (*seeds)(const std::filesystem::path& repository);
  unsigned mutations;  // how many the unit test tries: about a second of them
};

std::span<const Target> targets();

}  // namespace lab::fuzz
