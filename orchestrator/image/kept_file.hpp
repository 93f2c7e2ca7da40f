// SPDX-License-Identifier: MIT
// Keeps a copy of a user's own file, so that later changes (a build that goes on) do not reach
// trials that have begun.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/base/files/folders.hpp"

namespace lab::image {

inline constexpr const char* own_files = "own";  // their folder in the cache

struct KeptFile {
  std::filesystem::path path;
  std::string digest;  // "sha256:HEX"
};

// Copies the file into the cache, named by its content. Throws an infrastructure error where the
// file changes meanwhile or cannot be copied.
KeptFile keep_file(const std::filesystem::path& file, const base::Folders& folders);

}  // namespace lab::image
