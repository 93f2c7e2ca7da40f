// SPDX-License-Identifier: MIT
// Takes disk images that others made, and does not trust their headers.
#pragma once

#include <filesystem>

namespace lab::image {

// Makes the downloaded `file` the image `disk` (qcow2): renames it, or converts it where it is raw.
// Throws an infrastructure error, with the remedy, where the file is encrypted, damaged, packed, of
// another format or no disk at all, or where QEMU would open other files with it (a backing or data
// file, which may be any file of this machine). In all cases `file` no longer exists afterwards.
void take_disk_file(const std::filesystem::path& file, const std::filesystem::path& disk);

// Checks a file as take_disk_file() does and changes nothing; it may be a raw disk.
void check_takeable(const std::filesystem::path& file);

// Checks a qcow2 disk as take_disk_file() does and changes nothing. Throws an infrastructure error
// where it is in another format, too.
void check_disk_file(const std::filesystem::path& disk);

}  // namespace lab::image
