// SPDX-License-Identifier: MIT
// The QEMU that ci/emulators builds for emulated outer VMs: Debian's, with lab's changes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lab::site {

struct Emulator {
  std::filesystem::path program;
  std::string version;         // of QEMU: "10.0.13"
  std::string changes;         // their names: "interrupt-once virq-under-bql …"
  std::string changes_digest;  // of all that they say, hexadecimal
};

// Where ci/emulators/build puts it, and what makes it.
inline constexpr const char* emulator_folder = "/usr/local/lib/lab/emulators/qemu";
inline constexpr const char* build_emulator =
    "ci/emulators/build; of the Debian package: /usr/lib/lab/emulators/build";

// Empty where none was built: outer VMs then get the machine's QEMU, and one processor, which
// cannot race with itself. Error (infrastructure) where the program is not the one that was built.
std::optional<Emulator> find_emulator(const std::filesystem::path& folder = emulator_folder);

// For a record's conditions: "QEMU 10.0.13 with interrupt-once virq-under-bql … (1a2b3c4d)".
std::string in_words(const Emulator& emulator);

}  // namespace lab::site
