// SPDX-License-Identifier: MIT
// Says whether lab can make kernels, modules and images on this machine: Debian's own programs make
// them, from what this machine's apt knows.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/base/error.hpp"

namespace lab::base {

// Returns what this machine runs where lab can make none, as "'Fedora Linux 41'" or "Debian 11"; ""
// on Debian 12 and later. ci/machine says the same before lab is built. `root` holds /etc and /usr.
std::string foreign_system(const std::filesystem::path& root = "/");

// Returns the infrastructure error about it, with a container of Debian as the remedy. `parts` is
// what would have to be made: "the kit of kernel 6.12".
Error foreign_system_error(const std::string& foreign_system, const std::string& parts);
// Throws it where this machine is foreign.
void need_debian(const std::string& parts, const std::filesystem::path& root = "/");

}  // namespace lab::base
