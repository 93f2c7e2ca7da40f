// SPDX-License-Identifier: MIT
// Finds out why the running kernel's modules cannot be swapped, or why the kernel refuses lab's,
// which nobody signed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lab::kvm {

struct Refusal {
  std::string cause, hint;
};

// Returns what forbids unsigned modules here, as the kernel reports it: Secure Boot, lockdown,
// module.sig_enforce, or kernel.modules_disabled (which forbids all). Returns nothing where none
// does. `root` contains /proc and /sys.
std::optional<Refusal> unsigned_modules_refused(const std::filesystem::path& root = "/");

// Returns that lab runs in a container, which shares the kernel with a host that it cannot see: its
// PID or user namespace is not the first, or its /run is not that of process 1, so that labs of the
// host do not see its lock. Returns nothing elsewhere. `root` contains /proc and /run.
std::optional<Refusal> container_refused(const std::filesystem::path& root = "/");

// Returns why no module can be swapped from here at all: lab runs in a container, or kvm is built
// into the kernel. Returns nothing where neither is true. `root` contains /proc, /run and /sys.
std::optional<Refusal> swapping_refused(const std::filesystem::path& root = "/");

// Checks whether a module's file ends in a signature; only the kernel knows by whom.
bool is_signed(const std::filesystem::path& module);

}  // namespace lab::kvm
