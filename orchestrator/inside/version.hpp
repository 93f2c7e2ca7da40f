// SPDX-License-Identifier: MIT
// Which lab this is.
#pragma once

#include <string>

namespace lab::inside {

// "0.1.0 (2d02c04ea32f)": with the commit that it was built from, and a "+" behind that where its
// files were changed; "0.1.0" where it was built outside of a repository.
std::string version();

}  // namespace lab::inside
