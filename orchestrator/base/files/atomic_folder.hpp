// SPDX-License-Identifier: MIT
// Folders of a cache that appear whole or not at all, each made once.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "orchestrator/base/fd.hpp"

namespace lab::base {

inline constexpr const char* half_made_prefix = ".making-";

// Waits for, and holds while the descriptor lives, the lock of a cache's folder: nobody else makes
// anything in it meanwhile, so that everything half-made there is dead. Clears that.
Fd lock_folder(const std::filesystem::path& parent);

// The same without waiting: none where somebody makes something there.
std::optional<Fd> try_lock_folder(const std::filesystem::path& parent);

// Removes a folder of a cache: at once under a half-made name, so that a kill leaves no torso.
void remove_folder(const std::filesystem::path& folder);

// Where `folder` does not exist: clears what dead processes left half-made beside it, unless
// somebody makes another folder there, calls `fill` with a new temporary folder, and renames that.
// Waits for whoever makes the same one. Returns whether it was made now. Whatever `fill` throws is
// passed on, and nothing stays.
bool make_folder_once(const std::filesystem::path& folder,
                      const std::function<void(const std::filesystem::path&)>& fill);

// Sets the time of a file of a cache, by which lab clean goes; not where it is another user's.
void mark_used(const std::filesystem::path& file);

// Renames a file or a folder with all that is in it to `to`, when it is on the disk: after a power
// cut `to` is whole or not there. Error (infrastructure) where the disk does not take it.
void put_in_place(const std::filesystem::path& made, const std::filesystem::path& to);

// Removes what killed processes left half-made in `parent`. False where there was nothing, or
// where somebody is making a folder there right now.
bool clear_half_made(const std::filesystem::path& parent);

}  // namespace lab::base
