// SPDX-License-Identifier: MIT
// Disks that are thrown away: copy-on-write files over one that stays as it is, and empty ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lab::image {

// Makes the qcow2 file `overlay` over `backing`, a file or block device in the format "raw" or
// "qcow2". Error (infrastructure) where qemu-img fails.
void create_overlay(const std::filesystem::path& backing, const std::string& backing_format,
                    const std::filesystem::path& overlay);

// Puts the disk, under its own name, and the files that it lies over into a new folder: there they
// find each other wherever the folder is. Error (infrastructure) where qemu-img fails.
void copy_chain(const std::filesystem::path& disk, const std::filesystem::path& folder);

// Makes a qcow2 file that the guest sees as `bytes` of zeros and that takes no room yet.
void create_empty_disk(const std::filesystem::path& disk, std::uint64_t bytes);

}  // namespace lab::image
