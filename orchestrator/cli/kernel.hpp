// SPDX-License-Identifier: MIT
// Reads kernels as people name them in options.
#pragma once

#include <string>

namespace lab::cli {

// Returns the value of the setting kvm.kernel for `text`: a release, a series, a suite, or a path
// as in ./linux or ./debs, which is made absolute; "" stays "". Throws a user error that names
// --kernel for any other text.
std::string read_kernel(const std::string& text);

}  // namespace lab::cli
