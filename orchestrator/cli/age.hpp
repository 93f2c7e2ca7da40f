// SPDX-License-Identifier: MIT
// Ages as people write them, for options.
#pragma once

#include <chrono>
#include <string>

namespace lab::cli {

// "30 days", "12h", "2 w". Error (user) that names the option where it is none.
std::chrono::seconds read_age(const std::string& option, const std::string& text);

}  // namespace lab::cli
