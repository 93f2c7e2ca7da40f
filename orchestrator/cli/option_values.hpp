// SPDX-License-Identifier: MIT
// Reads ages and kernels as people write them in options.
#pragma once

#include <chrono>
#include <string>

namespace lab::cli {

// Reads "30 days", "12h" or "2 w". Throws a user error that names the option for any other text.
std::chrono::seconds read_age(const std::string& option, const std::string& text);

// Returns the value of the setting kvm.kernel for `text`: a release, a series, a suite, or a path
// as in ./linux or ./debs, which is made absolute; "" stays "". Throws a user error that names
// --kernel for any other text.
std::string read_kernel(const std::string& text);

}  // namespace lab::cli
