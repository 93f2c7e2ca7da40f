// SPDX-License-Identifier: MIT
// Keeps the sizes of a cache folder's files, as those of a damaged file system may be cut off.
#pragma once

#include <filesystem>
#include <string>

namespace lab::base {

// The file in which record_sizes() keeps them. make_kit_once in kvm-patch/suite.sh writes it, too.
inline constexpr const char* sizes_name = ".sizes";

// Writes the sizes of all regular files below a folder, before it gets its name.
void record_sizes(const std::filesystem::path& folder);

// Returns which file below a folder is not as record_sizes() saw it ("'kvm.ko' has 12 bytes, not
// 4096"), "" where all are, and for folders of older labs, which kept no sizes. Files that came
// later do not count.
std::string wrong_size(const std::filesystem::path& folder);

// Removes a folder of a cache that has a file of the wrong size, with a warning: it is made anew
// then. Returns whether it did.
bool remove_damaged(const std::filesystem::path& folder);

}  // namespace lab::base
