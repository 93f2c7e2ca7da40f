// SPDX-License-Identifier: MIT
// The keys of a scenario that the matrix cannot vary. For the loader only.
#pragma once

#include "orchestrator/scenario/keys/settings.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

struct ScenarioKey : KeyInfo {
  // Null where a function of its own reads it (loader.cpp).
  void (*read)(Scenario&, const KeyInfo&, const Node&) = nullptr;
  // Writes the value as read() takes it; null where no value is the default.
  std::string (*write)(const Scenario&) = nullptr;
  bool by_set = false;  // --set takes it
};

std::span<const ScenarioKey> scenario_keys();

// Calls `function` with each row of the reference, in its order: settings stand before the
// parameters of the modules.
template <typename Function>
void for_each_key(const Function& function) {
  for (const ScenarioKey& key : scenario_keys()) {
    if (key.key == "kvm.parameters")
      for (const Setting& setting : settings_table()) function(setting);
    function(key);
  }
}

// The keys that may stand in the map that `group` names, "guest" or "guest.disk", "" for the whole.
std::vector<std::string_view> keys_in(std::string_view group);

// A map of time limits. Throws base::Error (user).
void read_timeouts(Scenario& scenario, const Node& node);

}  // namespace lab::scenario
