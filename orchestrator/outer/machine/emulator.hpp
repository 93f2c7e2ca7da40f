// SPDX-License-Identifier: MIT
// Finds the emulators that ci/emulators builds for outer VMs: Debian's, with lab's changes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/record/site.hpp"

namespace lab::outer {

// Describes what ci/emulators builds under this name.
struct EmulatorKind {
  const char* name;     // of its folder and its recipe
  const char* program;  // in that folder
  const char* title;    // for people
  const char* package;  // Debian's package of the same source
};
inline constexpr EmulatorKind own_qemu{"qemu", "qemu-system-x86_64", "QEMU", "qemu-system-x86"};
inline constexpr EmulatorKind own_bochs{"bochs", "bochs", "Bochs", "bochs"};

struct Emulator {
  std::string title;  // "QEMU"
  std::filesystem::path program;
  std::string version;         // of the emulator: "10.0.13"
  std::string source;          // of Debian's source package: "1:10.0.13+ds-0+deb13u1"
  std::string changes;         // their names: "interrupt-once virq-under-bql …"
  std::string changes_digest;  // of their contents, hexadecimal
};

// The folder into which ci/emulators/build installs, and the command that builds.
inline constexpr const char* emulators_folder = "/usr/local/lib/lab/emulators";
inline constexpr const char* build_emulator =
    "ci/emulators/build; of the Debian package: /usr/lib/lab/emulators/build";

// Returns nullopt where none was built: outer VMs then get the machine's own, and one processor,
// which cannot race with itself. Throws an infrastructure error where the program is not the one
// that was built, and a user error where another user could have put it there.
std::optional<Emulator> find_emulator(const EmulatorKind& kind,
                                      const std::filesystem::path& folder = emulators_folder);

// Returns the emulator for this site's outer VMs; nullopt where none was built or none is needed.
std::optional<Emulator> find_emulator(const record::Site& site);

// Returns what ci/emulators builds for this site's outer VMs; nullptr where they need none.
const EmulatorKind* emulator_kind(const record::Site& site);

// Returns whether ci/emulators/build is making this emulator: it holds its lock until it has put
// the emulator there or given up.
bool is_being_built(const EmulatorKind& kind,
                    const std::filesystem::path& folder = emulators_folder);

// Returns the text for a record's conditions: "QEMU 10.0.13 with interrupt-once virq-under-bql …
// (1a2b3c4d)".
std::string in_words(const Emulator& emulator);

// The emulator that libvirt uses for an x86 guest by default.
inline constexpr const char* usual_qemu = "qemu-system-x86_64";

// Returns "QEMU 10.0.2" or "Bochs 2.7" from the version text of either; "" for any other text.
std::string emulator_in_words(std::string_view text);

}  // namespace lab::outer
