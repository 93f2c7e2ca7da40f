// SPDX-License-Identifier: MIT
// A QEMU of the user's own, with all that it takes to run it on another system: its libraries, the
// loader and QEMU's data files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"

namespace lab::run {

struct OwnEmulator {
  std::filesystem::path program;  // a script; what it needs lies beside it
  std::string version;            // "10.0.13 (Debian ...)"
  std::string digest;             // "sha256:HEX" of the program itself
};

// Error (user) with the path where the file is no program for x86-64 that can be run.
void check_emulator(const std::filesystem::path& file);

// The libraries in what ldd says, the loader last. Error (user) that names one that is missing, or
// where the program is linked statically.
std::vector<std::filesystem::path> libraries_in(const std::string& ldd);

// Copies it all to the cache, by content. Runs the program on this machine, for its version and its
// data folders. Error (user) where it is no QEMU.
OwnEmulator keep_emulator(const std::filesystem::path& file, const base::Folders& folders);

// The Debian package that is to be installed for a firmware file that is not there: "ovmf" for one
// in /usr/share/OVMF. Empty where the file is there, or lab knows no package that has it.
std::string missing_firmware_package(const std::filesystem::path& file);

// Whether a guest's firmware is one that lies in flash memory (UEFI) and not in a ROM. Error (user)
// with the path where it is neither, as far as its size and its beginning and end say; Error
// (infrastructure) where a package that has it is to be installed.
bool check_firmware(const std::filesystem::path& file);

}  // namespace lab::run
