// SPDX-License-Identifier: MIT
// Locks files between processes; a process holds a lock until it closes the file or ends.
#pragma once

#include <filesystem>

#include "orchestrator/base/fd.hpp"

namespace lab::base {

// Opens the file, made where it is missing. Throws an infrastructure error where that fails.
Fd open_lock(const std::filesystem::path& file);

// Takes the lock unless another process holds it, and returns whether it did. Throws an
// infrastructure error where the file system has no locks.
bool try_lock(const Fd& fd, const std::filesystem::path& file);

// Does the same for a shared lock, which several may hold while nobody holds it alone.
bool try_lock_shared(const Fd& fd, const std::filesystem::path& file);

}  // namespace lab::base
