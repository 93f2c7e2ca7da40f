// SPDX-License-Identifier: MIT
// The images that a user added (`lab image add`): a manifest of their own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/image/manifest.hpp"

namespace lab::image {

std::filesystem::path own_manifest(const base::Folders& folders);

// Its entries, each marked as the user's own; none where there is no such file. Error (user) where
// it is malformed, or has a name that `taken` has, too.
std::vector<Entry> load_own_images(const base::Folders& folders, const std::vector<Entry>& taken);

// Adds an entry, whose name is new to both. Error (user) where it is not, or is no name.
void add_own_image(const base::Folders& folders, const Entry& entry, const std::vector<Entry>& all);

// Error (user) where the user has no such image.
void remove_own_image(const base::Folders& folders, const std::string& name,
                      const std::vector<Entry>& all);

}  // namespace lab::image
