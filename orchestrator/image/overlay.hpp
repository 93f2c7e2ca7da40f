// SPDX-License-Identifier: MIT
// Makes disks to throw away: copy-on-write files over one that stays as it is, and empty ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lab::image {

// Makes the qcow2 file `overlay` over `backing`, a file or block device in the format "raw" or
// "qcow2". Throws an infrastructure error where qemu-img fails.
void create_overlay(const std::filesystem::path& backing, const std::string& backing_format,
                    const std::filesystem::path& overlay);

// Copies the disk, under its own name, and its backing files into a new folder. There they find
// each other wherever the folder is. Throws an infrastructure error where qemu-img fails.
void copy_chain(const std::filesystem::path& disk, const std::filesystem::path& folder);

// Makes a qcow2 file that the guest sees as `bytes` of zeros and that takes no space yet.
void create_empty_disk(const std::filesystem::path& disk, std::uint64_t bytes);

}  // namespace lab::image
