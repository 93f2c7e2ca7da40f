// SPDX-License-Identifier: MIT
// Keeps the images that a user added (`lab image add`) in a manifest of their own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/image/manifest.hpp"

namespace lab::image {

std::filesystem::path own_manifest(const base::Folders& folders);

// Returns the manifest's entries, marked as the user's own; none if the file does not exist. Throws
// a user error where the file is malformed or an entry's name is also in `taken`.
std::vector<Entry> load_own_images(const base::Folders& folders, const std::vector<Entry>& taken);

// Adds an entry. Throws a user error if its name is not valid, or is one of lab's or the user's.
void add_own_image(const base::Folders& folders, const Entry& entry, const std::vector<Entry>& all);

// Throws a user error where the user has no such image.
void remove_own_image(const base::Folders& folders, const std::string& name,
                      const std::vector<Entry>& all);

}  // namespace lab::image
