// SPDX-License-Identifier: MIT
// The way in with the files' reader as a parameter. For tests and the fuzzer.
#pragma once

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/extends.hpp"

namespace lab::scenario {

// As parse() and load() in scenario.hpp; `read` reads what is extended.
Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides, const ReadFile& read,
               const Wanted& wanted = {});

}  // namespace lab::scenario
