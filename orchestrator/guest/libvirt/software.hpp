// SPDX-License-Identifier: MIT
// What guests run on, beside the kernel: an upgrade of it changes their exits.
#pragma once

#include <string>

#include "orchestrator/guest/libvirt/connection.hpp"

namespace lab::guest {

// Empty where it is not known.
struct Software {
  std::string qemu;      // "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)"
  std::string libvirt;   // "9.0.0"
  std::string firmware;  // "bios-256k.bin 0123456789ab": the file and its SHA-256's beginning
};

// Of the QEMU that libvirt gives to accelerated guests here.
Software software(virConnect* connection);

// All that this QEMU says of its version; "" where it says nothing.
std::string qemu_version_text(const std::string& emulator);

// The version in what `qemu-system-x86_64 --version` says: one line of printable ASCII, at most 128
// characters; "" where there is none.
std::string qemu_version(const std::string& said);

}  // namespace lab::guest
