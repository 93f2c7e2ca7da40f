// SPDX-License-Identifier: MIT
// Disk images that others made: what their headers say is not believed.
#pragma once

#include <filesystem>

namespace lab::image {

// Makes `file`, which was downloaded, the image `disk` (qcow2), by renaming it or, where it is a
// raw one, by conversion. Error (infrastructure), with the remedy, where QEMU would open other
// files with it (a backing or a data file, which may be any file of this machine), where it is
// encrypted, damaged or packed, of another format, or no disk at all. `file` is gone then.
void take_disk_file(const std::filesystem::path& file, const std::filesystem::path& disk);

// Checks a file as take_disk_file() does, without changing anything; it may be a raw disk.
void check_takeable(const std::filesystem::path& file);

// Checks a disk in the format qcow2 as take_disk_file() does, without changing anything. Error
// (infrastructure) also where it is in another format.
void check_disk_file(const std::filesystem::path& disk);

}  // namespace lab::image
