// SPDX-License-Identifier: MIT
// Making room in the cache: what grows with a user's own kernels and files, and is not used.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace lab::run {

struct Unused {
  std::filesystem::path folder;
  std::filesystem::file_time_type used;  // last
  std::uintmax_t bytes = 0;
};

// What of the cache nobody has used since: kernel trees' builds, their kernels, modules, and copies
// of the user's own files. All of it is made again when it is wanted. A folder that links to
// another cache is left out.
std::vector<Unused> find_unused(const std::filesystem::path& cache,
                                std::filesystem::file_time_type since);

// Removes it, whole at once; not what somebody has begun to use meanwhile. Whether it is gone.
bool remove_unused(const Unused& unused);

}  // namespace lab::run
