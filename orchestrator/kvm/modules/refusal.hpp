// SPDX-License-Identifier: MIT
// Why the running kernel's modules cannot be swapped, or why it takes none of lab's: they are
// signed by nobody.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lab::kvm {

struct Refusal {
  std::string cause, hint;
};

// What forbids unsigned modules here, by what the kernel says of itself: Secure Boot, lockdown,
// module.sig_enforce, or kernel.modules_disabled (which forbids all). Nothing where none does.
// `root` holds /proc and /sys.
std::optional<Refusal> unsigned_modules_refused(const std::filesystem::path& root = "/");

// Why no module may be swapped from here at all: lab runs in a container (a PID or user namespace
// of its own), which shares the kernel with a host that it cannot see, or kvm is built into the
// kernel. Nothing where neither holds. `root` holds /proc and /sys.
std::optional<Refusal> swapping_refused(const std::filesystem::path& root = "/");

// Whether a module's file ends in a signature (by whom, only the kernel can say).
bool is_signed(const std::filesystem::path& module);

}  // namespace lab::kvm
