// SPDX-License-Identifier: MIT
// Holds a scenario while it is loaded, with the places that messages name, and declares what reads
// and checks it as a whole. For the loader only. All functions throw base::Error (user).
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

// Returns the keys of one expectation.
std::span<const KeyInfo> expect_keys();

// Fills `expect` and `relations` (expect.cpp); steps and matrix must be read already.
void read_expect(Draft& draft, const Node& node);

// Applies --set KEY=VALUE (overrides.cpp); the place of an error is "--set".
void apply_override(Draft& draft, const std::string& text);

// Checks all cells against everything that is known without a guest (check.cpp). Where --set
// narrowed the matrix, drops the entries that match no cell any more; otherwise they are errors.
void check(Draft& draft);

// Returns the steps, with the default timeouts where they name none.
std::vector<Step> steps_with_timeouts(const Scenario& scenario);

}  // namespace lab::scenario
