// SPDX-License-Identifier: MIT
// A read-only cache under the local one, on a network file system perhaps: LAB_SHARED_CACHE. No
// lock is ever taken there; what makes its folders safe to take are the digests that lie in them.
#pragma once

#include <filesystem>
#include <optional>

namespace lab::base {

// The folder that LAB_SHARED_CACHE names; nullopt where it is not set, or where no such folder is
// there, which is warned about. Error (user) where it is no absolute path.
std::optional<std::filesystem::path> shared_cache();

// Whether `folder` (CACHE/KIND/NAME) is in the local cache. Where it is not and the shared cache
// has KIND/NAME, it is copied whole, by one process at a time. Its digests are those of the copy: a
// folder that is damaged, not whole, or changes meanwhile is warned about and left there.
bool take_shared(const std::filesystem::path& folder);

// Copies `folder` (CACHE/KIND/NAME) as KIND/NAME into the cache `to` that others will share, with
// its digests, whole or not at all. False where it is there already. Error (infrastructure) where
// it cannot be read or written.
bool publish(const std::filesystem::path& folder, const std::filesystem::path& to);

}  // namespace lab::base
