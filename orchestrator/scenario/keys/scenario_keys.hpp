// SPDX-License-Identifier: MIT
// Defines the keys of a scenario that the matrix cannot vary. For the loader only.
#pragma once

#include "orchestrator/scenario/keys/settings.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

struct ScenarioKey : KeyInfo {
  // Null where a separate function reads it (loader.cpp).
  void (*read)(Scenario&, const KeyInfo&, const Node&) = nullptr;
  // Writes the value in the form that read() accepts; null where no value is the default.
  std::string (*write)(const Scenario&) = nullptr;
  bool by_set = false;  // --set accepts it
};

std::span<const ScenarioKey> scenario_keys();

// Calls `function` with each row of the reference, in its order: settings precede the modules'
// parameters.
template <typename Function>
void for_each_key(const Function& function) {
  for (const ScenarioKey& key : scenario_keys()) {
    if (key.key == "kvm.parameters")
      for (const Setting& setting : settings_table()) function(setting);
    function(key);
  }
}

// Returns the keys allowed in the map `group`, such as "guest" or "guest.disk"; "" is the whole
// scenario.
std::vector<std::string_view> keys_in(std::string_view group);

// Reads a map of time limits. Throws base::Error (user).
void read_timeouts(Scenario& scenario, const Node& node);

// Reads all steps in order and checks that they fit together (steps.cpp); a timeout is 0 where none
// is given. Throws base::Error (user).
std::vector<Step> read_steps(const Node& node);

// Reads which changes against a baseline matter (floors.cpp): a map of reasons and categories to
// shares; at most 256, none twice. Throws base::Error (user).
std::vector<Floor> read_floors(const Node& node);

// Adds a floor, or replaces the one for the same reason or category. Throws base::Error (user).
void set_floor(std::vector<Floor>& floors, const Entry& entry);

}  // namespace lab::scenario
