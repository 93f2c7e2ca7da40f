// SPDX-License-Identifier: MIT
// The words by which people name scenarios and trials.
#pragma once

#include <string>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::cli {

inline constexpr const char* scenario_help =
    "Scenario files, or names of those that come with lab (boot-count)";

// The file that the word names or, where there is no such file, the scenario of that name among
// those that come with lab, with or without ".yaml". A user error where there is neither: it says
// where was looked, and which name is nearest.
std::string scenario_file(const std::string& word);

inline constexpr const char* filter_help =
    "Only the trial of this name, or trials whose name matches this regex";

// The trials that `-f FILTER` means; none where it is empty: all are meant. Names have brackets in
// them, so a filter that is no regex may still be a name.
scenario::Wanted trials_named(const std::string& filter);

}  // namespace lab::cli
