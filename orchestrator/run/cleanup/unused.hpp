// SPDX-License-Identifier: MIT
// Frees space in the cache: removes unused parts that grow with a user's own kernels and files.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace lab::run {

struct Unused {
  std::filesystem::path folder;
  std::filesystem::file_time_type used;  // the last use
  std::uintmax_t bytes = 0;
};

// Lists what nobody has used since then: kernel trees' builds, their kernels, modules, and copies
// of the user's own files. Lab makes all of it again when needed. Leaves out a folder that links to
// another cache.
std::vector<Unused> find_unused(const std::filesystem::path& cache,
                                std::filesystem::file_time_type since);

// Removes it as a whole, unless somebody has begun to use it meanwhile. Returns whether it did.
bool remove_unused(const Unused& unused);

}  // namespace lab::run
