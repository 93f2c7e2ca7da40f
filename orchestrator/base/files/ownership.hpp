// SPDX-License-Identifier: MIT
// Whether a folder is this user's alone: from it come modules that the kernel loads and programs
// that run as root.
#pragma once

#include <filesystem>

namespace lab::base {

// Checks `path`, and what lies in it up to `levels` below, where there is such a thing. Error
// (user), with the remedy, where it belongs to another user than this process' or root, or where
// others can write it: everyone, or a group that is not this process' own. Not looked into:
// symbolic links, folders like /tmp in which each may only change what is his own, and those of a
// run or of what is being made: lab hands files in them over to the user that runs QEMU.
void check_ownership(const std::filesystem::path& path, int levels);

}  // namespace lab::base
