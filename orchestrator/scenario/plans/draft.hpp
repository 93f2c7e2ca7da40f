// SPDX-License-Identifier: MIT
// A scenario on its way in, with the places that messages name. For the loader only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/scenario/keys/settings.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

struct Draft {
  Scenario scenario;
  std::string place;  // of the whole
  SaidMap said;       // by file and --set
  std::map<std::string, std::string, std::less<>> axis_places;
  // Of each entry in the scenario's lists of the same name.
  std::vector<std::string> step_places, include_places, expect_places, relation_places;
  Wanted wanted;          // none: all trials are
  bool narrowed = false;  // --set changed the matrix: what means no cell any more is dropped
};

}  // namespace lab::scenario
