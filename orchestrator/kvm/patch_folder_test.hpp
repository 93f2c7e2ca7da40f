// SPDX-License-Identifier: MIT
// For tests: the kernel side, as it is in this tree.
#pragma once

#include <filesystem>

namespace lab::kvm {

inline const std::filesystem::path patch_folder =
    std::filesystem::path(LAB_SOURCE_DIR) / "kvm-patch";

}  // namespace lab::kvm
