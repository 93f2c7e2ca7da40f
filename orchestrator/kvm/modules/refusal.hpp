// SPDX-License-Identifier: MIT
// Why the running kernel takes no modules of lab's: they are signed by nobody.
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

// Whether a module's file ends in a signature (by whom, only the kernel can say).
bool is_signed(const std::filesystem::path& module);

}  // namespace lab::kvm
