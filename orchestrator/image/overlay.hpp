// SPDX-License-Identifier: MIT
// Copy-on-write files over a disk that stays as it is.
#pragma once

#include <filesystem>
#include <string>

namespace lab::image {

// Makes the qcow2 file `overlay` over `backing`, a file or block device in the format "raw" or
// "qcow2". Error (infrastructure) where qemu-img fails.
void create_overlay(const std::filesystem::path& backing, const std::string& backing_format,
                    const std::filesystem::path& overlay);

}  // namespace lab::image
