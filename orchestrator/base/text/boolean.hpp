// SPDX-License-Identifier: MIT
// Reads the kernel's own words for booleans.
#pragma once

#include <optional>
#include <string_view>

namespace lab::base {

// Follows the kernel's kstrtobool() (lib/kstrtox.c), by which module parameters are read: the first
// letter decides; for "on" and "off" the second one. Returns nullopt where the text is neither.
std::optional<bool> kernel_boolean(std::string_view text);

}  // namespace lab::base
