// SPDX-License-Identifier: MIT
// Kernels as people name them, for options.
#pragma once

#include <string>

namespace lab::cli {

// What the setting kvm.kernel becomes by `text` (a release, a series, a suite, a path as in ./linux
// or ./debs, which is made absolute); "" stays "". Error (user) that names --kernel.
std::string read_kernel(const std::string& text);

}  // namespace lab::cli
