// SPDX-License-Identifier: MIT
// Copies a user's own QEMU with everything that it needs to run on another system: its libraries,
// the loader, QEMU's modules and its data files.
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

// Throws a user error with the path where the file is not an x86-64 program that can be run.
void check_emulator(const std::filesystem::path& file);

// Returns the libraries in ldd's output, the loader last. Throws a user error that names a missing
// library, or if the program is linked statically.
std::vector<std::filesystem::path> libraries_in(const std::string& ldd);

// Returns the files that a program loaded by itself, out of what LD_DEBUG=files prints (ld.so(8)).
std::vector<std::filesystem::path> modules_in(const std::string& debug);

// Copies it all to the cache, by content. Runs the program on this machine to learn its version and
// data folders. Throws a user error where it is not a QEMU.
OwnEmulator keep_emulator(const std::filesystem::path& file, const base::Folders& folders);

// Returns the Debian package that contains a missing firmware file: "ovmf" for one in
// /usr/share/OVMF. Empty where the file exists, or lab knows no package with it.
std::string missing_firmware_package(const std::filesystem::path& file);

// Returns whether a guest's firmware belongs in flash memory (UEFI) and not in a ROM. Throws a user
// error with the path where its size, beginning and end fit neither; an infrastructure error where
// a package with the file has to be installed.
bool check_firmware(const std::filesystem::path& file);

}  // namespace lab::run
