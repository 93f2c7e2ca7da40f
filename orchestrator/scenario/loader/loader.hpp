// SPDX-License-Identifier: MIT
// Parses a scenario with a given reader of files. For tests and the fuzzer.
#pragma once

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// Does what parse() and load() in scenario.hpp do; `read` reads the extended files.
Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides, const ReadFile& read,
               const Wanted& wanted = {});

}  // namespace lab::scenario
