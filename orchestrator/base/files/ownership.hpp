// SPDX-License-Identifier: MIT
// Checks that a folder belongs to this user alone: the kernel loads modules from it, and root runs
// programs from it.
#pragma once

#include <filesystem>

namespace lab::base {

// Checks `path`, where it exists, and its contents up to `levels` below. Throws a user error with
// the remedy where one belongs to another user than this process's or root, or where others can
// write it: everyone, or a group that is not this process's own. Does not follow symbolic links,
// nor look into folders like /tmp, in which users can change only their own files, and folders of
// runs and of things being made: lab gives files in them to the user that runs QEMU.
void check_ownership(const std::filesystem::path& path, int levels);

}  // namespace lab::base
