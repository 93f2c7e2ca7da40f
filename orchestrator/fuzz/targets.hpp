// SPDX-License-Identifier: MIT
// Wraps code that reads bytes of unknown origin as functions of the bytes alone. libFuzzer calls
// them for as long as one likes (ci/fuzz), the unit tests with some thousand changed seeds.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lab::fuzz {

struct Target {
  std::string_view name;
  // Accepts any input. It fails only where lab is wrong: by a crash, or by an exception, which is
  // std::logic_error where what was read differs from what was written.
  void (*run)(std::string_view input);
  // Returns good inputs to begin with, from files in `repository` and from lab's own output.
  std::vector<std::string> (*seeds)(const std::filesystem::path& repository);
  unsigned mutations;  // that the unit test tries: about a second's
};

std::span<const Target> targets();

}  // namespace lab::fuzz
