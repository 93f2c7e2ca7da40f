// SPDX-License-Identifier: MIT
// What cannot be true together, found before anything is built or booted.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

struct Conflict {
  std::string key;  // whose place the message names: a setting's, or "steps.3" (from 0)
  std::string cause;
  std::string remedy;
};

// What was said by a setting's key, in the cell or else in the file; null: nothing.
using SaidText = std::function<const std::string*(std::string_view key)>;

// Decides paging from what was said about it; a conflict where that is contradictory.
std::optional<Conflict> resolve_paging(Settings& settings);

// Of one cell's settings, whose paging is decided here, and of them with the steps. The steps have
// their timeouts.
std::optional<Conflict> find_conflict(Settings& settings, const std::vector<Step>& steps,
                                      const SaidText& said);

// Of the steps with the time limits.
std::optional<Conflict> find_conflict(const std::vector<Step>& steps, const Timeouts& timeouts);

}  // namespace lab::scenario
