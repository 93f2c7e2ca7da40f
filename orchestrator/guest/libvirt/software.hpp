// SPDX-License-Identifier: MIT
// Finds the software that guests run on, besides the kernel: an upgrade of it changes their exits.
#pragma once

#include <string>

#include "orchestrator/guest/libvirt/connection.hpp"

namespace lab::guest {

// Each text is empty where it is unknown.
struct Software {
  std::string qemu;      // "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)"
  std::string libvirt;   // "9.0.0"
  std::string firmware;  // "bios-256k.bin 0123456789ab": the file, the start of its SHA-256
};

// Describes the QEMU that libvirt gives to accelerated guests here.
Software software(virConnect* connection);

// Returns all that this QEMU prints as its version; "" where it prints nothing.
std::string qemu_version_text(const std::string& emulator);

// Returns the version in the output of `qemu-system-x86_64 --version`: one line of printable ASCII,
// at most 128 characters; "" where there is none.
std::string qemu_version(const std::string& said);

}  // namespace lab::guest
