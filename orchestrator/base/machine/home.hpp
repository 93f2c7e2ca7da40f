// SPDX-License-Identifier: MIT
// Finds the user's home folder.
#pragma once

#include <filesystem>

namespace lab::base {

// Returns what a shell's ~ is: HOME, or else the account's home folder, as services and cron jobs
// may lack HOME. It is absolute.
std::filesystem::path home_folder();

}  // namespace lab::base
