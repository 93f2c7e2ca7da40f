// SPDX-License-Identifier: MIT
// Identifies this lab.
#pragma once

#include <string>

namespace lab::inside {

// Returns "0.1.0 (2d02c04ea32f)", with the commit of the build and a "+" after that where files
// were changed; "0.1.0" where it was built outside of a repository.
std::string version();

}  // namespace lab::inside
