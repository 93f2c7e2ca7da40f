// SPDX-License-Identifier: MIT
// Reads from a shared cache under the local one (LAB_SHARED_CACHE), perhaps on a network file
// system. It takes no lock there: digests in the folders show that they are whole.
#pragma once

#include <filesystem>
#include <optional>

namespace lab::base {

// Returns the folder that LAB_SHARED_CACHE names; nullopt where it is not set, or, with a warning,
// where no such folder exists. Throws a user error where it is no absolute path.
std::optional<std::filesystem::path> shared_cache();

// Returns whether `folder` (CACHE/KIND/NAME) is now in the local cache. Where it was not and the
// shared cache has KIND/NAME, copies it whole, by one process at a time. Checks the digests of the
// copy: warns about a folder that is damaged, not whole, or changes meanwhile, and does not take
// it.
bool take_shared(const std::filesystem::path& folder);

// Copies `folder` (CACHE/KIND/NAME) as KIND/NAME into the cache `to` that others will share, with
// its digests, whole or not at all. Returns false where it is there already. Throws an
// infrastructure error where it cannot be read or written.
bool publish(const std::filesystem::path& folder, const std::filesystem::path& to);

}  // namespace lab::base
