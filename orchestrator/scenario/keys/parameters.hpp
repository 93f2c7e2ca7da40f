// SPDX-License-Identifier: MIT
// Reads the KVM modules' parameters that a scenario names itself: kvm.parameters. For the loader
// only.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// The values of exit_scope, as which kvm.scope is stored.
inline constexpr std::string_view scope_words[] = {"vm", "host"};

// Throws base::Error (user) where the name is no parameter's or one that lab sets itself, or where
// no trial is possible with the value.
void apply_parameter(Settings& settings, const std::string& name, const Node& value);

}  // namespace lab::scenario
