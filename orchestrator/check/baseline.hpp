// SPDX-License-Identifier: MIT
// What a person has accepted as usual: a JSON file beside the scenario, made to be read in a diff
// and kept in git.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/check/gate.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::check {

// Of one cell on one site.
struct Entry {
  std::string by, time, reason;             // who accepted it, when (UTC), why
  std::optional<scenario::TrialPlan> plan;  // what runs it again; absent: not known
  Cell cell;

  bool operator==(const Entry&) const = default;
};

struct Baseline {
  std::string scenario;
  std::vector<Entry> entries;  // at most one a cell and site

  bool operator==(const Baseline&) const = default;
};

// "scenarios/boot-count.baseline.json" of "scenarios/boot-count.yaml".
std::string baseline_file(const std::string& scenario_file);

// read_baseline throws base::Error (user) naming the file, and the place in it, when it is missing,
// damaged, of a newer lab, or holds anything but whole samples: as many counts as trials, each a
// whole number from 0 to 2^64 - 1.
Baseline read_baseline(const std::string& file);
void write_baseline(const std::string& file, const Baseline& baseline);  // whole or not at all
std::string to_json(const Baseline& baseline);
Baseline baseline_from_json(const std::string& json, const std::string& file);

// The site of the cell's conditions.
std::string site_name(const Cell& cell);

// Puts the entry in the place of the one with the same cell and site, or at the end.
void accept(Baseline& baseline, Entry entry);

// Why these trials should not become a baseline. Where counts vary: they are from one run only, too
// few to judge anything by, or one run differs from the others by more than they do among
// themselves (false in one of a hundred acceptances at most: options.alpha). Where they are exact:
// they are not the same. Empty: nothing speaks against it.
inline constexpr std::size_t fewest_runs = 2, most_trials = 10'000;
std::vector<std::string> objections(const Cell& cell, const GateOptions& options);

}  // namespace lab::check
