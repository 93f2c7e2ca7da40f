// SPDX-License-Identifier: MIT
// Reads ages as people write them in options.
#pragma once

#include <chrono>
#include <string>

namespace lab::cli {

// Reads "30 days", "12h" or "2 w". Throws a user error that names the option for any other text.
std::chrono::seconds read_age(const std::string& option, const std::string& text);

}  // namespace lab::cli
