// SPDX-License-Identifier: MIT
// Finds and removes what killed labs left behind, and parts of the cache that grow with a user's
// own kernels and files and that nobody uses any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "orchestrator/base/files/folders.hpp"

namespace lab::run {

// Destroys the domains, removes the folders and restores the modules of labs that no longer run.
// Logs what it did; costs next to nothing where there is nothing to do.
void clear_leftovers(const base::Folders& folders);

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
