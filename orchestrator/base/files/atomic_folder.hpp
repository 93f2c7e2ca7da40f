// SPDX-License-Identifier: MIT
// Makes folders of a cache so that each appears whole or not at all, and is made once.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "orchestrator/base/fd.hpp"

namespace lab::base {

inline constexpr const char* half_made_prefix = ".making-";

// Waits for the lock of a cache's folder and holds it while the descriptor lives. Nobody else makes
// anything in the folder meanwhile, so everything half-made there is dead, and it removes that.
Fd lock_folder(const std::filesystem::path& parent);

// Does the same without waiting; returns nullopt where somebody makes something there.
std::optional<Fd> try_lock_folder(const std::filesystem::path& parent);

// Removes a folder of a cache. Renames it to a half-made name first, for the case of a kill.
void remove_folder(const std::filesystem::path& folder);

// Where `folder` does not exist: clears what dead processes left half-made beside it, unless
// somebody makes another folder there, calls `fill` with a new temporary folder, and renames that.
// Waits for whoever makes the same one. Returns whether this call made it. Where `fill` throws,
// removes the temporary folder and passes the exception on.
bool make_folder_once(const std::filesystem::path& folder,
                      const std::function<void(const std::filesystem::path&)>& fill);

// Updates the time of a file of a cache, which `lab clean` uses. Skips another user's file.
void mark_used(const std::filesystem::path& file);

// Renames a file or a folder with all that is in it to `to`, when it is on the disk: after a power
// cut `to` is whole or not there. Throws an infrastructure error where the disk does not accept it.
void put_in_place(const std::filesystem::path& made, const std::filesystem::path& to);

// Removes what killed processes left half-made in `parent`. Returns false where there was nothing,
// or where somebody is making a folder there right now.
bool clear_half_made(const std::filesystem::path& parent);

}  // namespace lab::base
