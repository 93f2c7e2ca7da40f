// SPDX-License-Identifier: MIT
// Folders of a cache that appear whole or not at all, and are made by one process at a time.
#pragma once

#include <filesystem>
#include <functional>

namespace lab::image {

// Where `folder` does not exist: takes a lock, clears what dead processes left half-made beside
// it, calls `fill` with a new temporary folder there, and renames that. Returns whether it was
// made now. Whatever `fill` throws is passed on, and nothing stays.
bool make_folder_once(const std::filesystem::path& folder,
                      const std::function<void(const std::filesystem::path&)>& fill);

// Removes what killed processes left half-made in `parent`. False where there was nothing, or
// where somebody is making a folder there right now.
bool clear_half_made(const std::filesystem::path& parent);

}  // namespace lab::image
