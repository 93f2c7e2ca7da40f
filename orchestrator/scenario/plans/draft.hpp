// SPDX-License-Identifier: MIT
// Holds a scenario while it is loaded, with the places that messages name, and declares what reads
// and checks it as a whole. For the loader only. All functions throw base::Error (user).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// Settings and steps that contradict each other are found before anything is built or booted
// (conflicts.cpp).
struct Conflict {
  std::string key;  // the message gives its place: a setting's key, or "steps.3" (from 0)
  std::string cause;
  std::string remedy;
};

// Returns the text that the cell, or else the file, gives for a setting's key; null where neither
// does.
using SaidText = std::function<const std::string*(std::string_view key)>;

// Decides paging from `paging` and the parameters npt and ept; returns a conflict where they
// disagree.
std::optional<Conflict> resolve_paging(Settings& settings);

// Decides paging in one cell's settings, and reports conflicts within them and with the steps,
// which must have their timeouts.
std::optional<Conflict> find_conflict(Settings& settings, const std::vector<Step>& steps,
                                      const SaidText& said);

// Reports conflicts between the steps and the time limits.
std::optional<Conflict> find_conflict(const std::vector<Step>& steps, const Timeouts& timeouts);

// These read the matrix and make its cells (matrix.cpp).
inline constexpr std::uint64_t trial_limit = 100000;

// Reads the axes, then exclude and include. Throws base::Error (user).
void read_matrix(Draft& draft, const Node& node);
// `file` is the scenario's.
Axis read_axis(const std::string& file, const std::string& key, const Entry& entry);

// Reads some of the matrix' keys with values that occur in it, spelled as there: for exclude,
// where, of and to.
Cell read_part(const Scenario& scenario, const Node& node, const std::string& what,
               bool with_included);

// Returns whether both texts, in the scenario `file`, give the setting the same value.
bool same_value(const std::string& file, const std::string& key, const std::string& left,
                const std::string& right);

// Returns all cells in the order of the trials. Throws base::Error (user) where they are too many.
std::vector<Cell> make_cells(const Scenario& scenario);

// Returns a name such as "boot-count[paging=shadow]".
std::string cell_name(const Scenario& scenario, const Cell& cell);

// Returns the names of its trials in order, warm-ups first: "boot-count[paging=shadow]#2".
std::vector<std::string> trial_names(const Scenario& scenario, const Cell& cell);

// Returns the scenario's settings with the cell's applied; paging is not decided yet.
Settings cell_settings(const Scenario& scenario, const Cell& cell);

}  // namespace lab::scenario
