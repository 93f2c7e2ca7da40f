// SPDX-License-Identifier: MIT
// The words by which people name scenarios.
#pragma once

#include <string>

namespace lab::cli {

inline constexpr const char* scenario_help =
    "Scenario files, or names of those that come with lab (boot-count)";

// The file that the word names or, where there is no such file, the scenario of that name among
// those that come with lab, with or without ".yaml". A user error where there is neither: it says
// where was looked, and which name is nearest.
std::string scenario_file(const std::string& word);

}  // namespace lab::cli
