// SPDX-License-Identifier: MIT
// A user's own file as it was when it was looked at: later changes (a build that goes on) do not
// reach trials that began.
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

// A copy of the file in the cache, by its content. Error (infrastructure) where it changes
// meanwhile or cannot be copied.
KeptFile keep_file(const std::filesystem::path& file, const base::Folders& folders);

}  // namespace lab::image
