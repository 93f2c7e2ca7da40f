// SPDX-License-Identifier: MIT
// Parameters of the kvm modules that a scenario names itself: kvm.parameters. For the loader only.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// The values of exit_scope, which kvm.scope is kept as.
inline constexpr std::string_view scope_words[] = {"vm", "host"};

// Throws base::Error (user) where it is no parameter's name, one that belongs to lab, or a value
// with which no trial is possible.
void apply_parameter(Settings& settings, const std::string& name, const Node& value);

}  // namespace lab::scenario
