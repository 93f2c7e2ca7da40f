// SPDX-License-Identifier: MIT
// Finds settings and steps that contradict each other, before anything is built or booted.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

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

}  // namespace lab::scenario
