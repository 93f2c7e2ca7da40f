// SPDX-License-Identifier: MIT
// Locks between processes: a file that one of them holds until it closes it or ends.
#pragma once

#include <filesystem>

#include "orchestrator/base/fd.hpp"

namespace lab::base {

// The file, made where it is not there. Error (infrastructure) where it cannot be opened.
Fd open_lock(const std::filesystem::path& file);

// Whether nobody else held it; then it is held by this one. Error (infrastructure) where the file
// system has no locks.
bool try_lock(const Fd& fd, const std::filesystem::path& file);

// The same with a lock that several may hold at once, while nobody holds it alone.
bool try_lock_shared(const Fd& fd, const std::filesystem::path& file);

}  // namespace lab::base
