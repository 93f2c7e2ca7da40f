// SPDX-License-Identifier: MIT
// Reads the words by which people name scenarios and trials.
#pragma once

#include <string>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::cli {

inline constexpr const char* scenario_help =
    "Scenario files, or names of those that come with lab (boot-count)";

// Returns the file that the word names or, where there is no such file, the scenario of that name
// among those that come with lab, with or without ".yaml". Where there is neither, throws a user
// error that names the places it looked in and the nearest name.
std::string scenario_file(const std::string& word);

inline constexpr const char* filter_help =
    "Only the trial of this name, or trials whose name matches this regex";

// Returns the test that selects the trials of `-f FILTER`; none where it is empty, which selects
// all. Names contain brackets, so a filter that is no regex may still be a name.
scenario::Wanted trials_named(const std::string& filter);

}  // namespace lab::cli
