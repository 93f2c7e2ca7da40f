// SPDX-License-Identifier: MIT
// Stores what a person has accepted as usual, in a JSON file beside the scenario that suits diffs
// and git.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/check/gate.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::check {

// Is the baseline of one cell on one site.
struct Entry {
  std::string by, time, reason;             // who accepted it, when (UTC), why
  std::optional<scenario::TrialPlan> plan;  // for running it again; absent: unknown
  Cell cell;

  bool operator==(const Entry&) const = default;
};

struct Baseline {
  std::string scenario;
  std::vector<Entry> entries;  // at most one a cell and site

  bool operator==(const Baseline&) const = default;
};

// Returns "scenarios/boot-count.baseline.json" for "scenarios/boot-count.yaml".
std::string baseline_file(const std::string& scenario_file);

// read_baseline throws a user error with the file and the place in it where the file is missing,
// damaged, of a newer lab, or contains incomplete samples: there must be as many counts as trials,
// each a whole number from 0 to 2^64 - 1.
Baseline read_baseline(const std::string& file);
void write_baseline(const std::string& file, const Baseline& baseline);  // whole or not at all
std::string to_json(const Baseline& baseline);
Baseline baseline_from_json(const std::string& json, const std::string& file);

// Returns the site in the cell's conditions.
std::string site_name(const Cell& cell);

// Replaces the entry with the same cell and site, or appends the entry.
void accept(Baseline& baseline, Entry entry);

// Returns why these trials should not become a baseline, or nothing. Objects to varying counts that
// are from one run only, too few to judge by, or of which one run differs from the others by more
// than they do among themselves (false in one of a hundred acceptances at most: options.alpha), and
// to exact counts that are not the same.
inline constexpr std::size_t fewest_runs = 2, most_trials = 10'000;
std::vector<std::string> objections(const Cell& cell, const GateOptions& options);

}  // namespace lab::check
