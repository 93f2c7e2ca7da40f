// SPDX-License-Identifier: MIT
// Holds a scenario while it is loaded, with the places that messages name. For the loader only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/scenario/keys/settings.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

struct Draft {
  Scenario scenario;
  std::string place;  // of the whole scenario
  SaidMap said;       // by the file and --set
  std::map<std::string, std::string, std::less<>> axis_places;
  // The places of the entries in the scenario's lists of the same names.
  std::vector<std::string> step_places, include_places, expect_places, relation_places;
  Wanted wanted;          // empty: all trials are wanted
  bool narrowed = false;  // --set changed the matrix: entries that match no cell are dropped
};

}  // namespace lab::scenario
