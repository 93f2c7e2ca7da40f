// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/expected.hpp"

#include <algorithm>
#include <set>

namespace lab::terminal {
namespace {

// Whole records: reading more takes longer than what they tell is worth.
constexpr std::size_t records_looked_at = 20;

}  // namespace

Expected::Expected(const store::Store& store, const std::vector<scenario::TrialPlan>& plans,
                   const std::string& site) {
  std::set<std::string> scenarios;
  for (const scenario::TrialPlan& plan : plans) scenarios.insert(plan.scenario);
  for (const std::string& scenario : scenarios) {
    const auto rows = store.rows({.scenario = scenario, .limit = records_looked_at});
    const std::string on = site == "auto" && !rows.empty() ? rows.back().site : site;
    std::vector<std::string> ids;
    for (const record::Row& row : rows)
      if (row.site == on && row.outcome == record::Outcome::passed) ids.push_back(row.id);
    if (ids.empty()) continue;
    store.for_each({.ids = ids}, [this](const record::Record& record) {
      auto& phases = cells_[std::string(record::cell_of(record.trial))];
      // The first trial's of an outer VM has that one's boot; a later one's leaves it as it is.
      for (const auto& [phase, seconds] : record.timings) phases[phase] = seconds;
    });
  }
}

std::optional<double> Expected::phase(const std::string& trial, const record::Phase& phase) const {
  for (const auto& [cell, phases] : cells_) {
    if (!trial.empty() && cell != record::cell_of(trial)) continue;
    if (const auto found = phases.find(phase); found != phases.end()) return found->second;
  }
  return std::nullopt;
}

std::optional<double> Expected::all(const std::vector<scenario::TrialPlan>& plans) const {
  const record::Phase whole{record::Phase::Kind::trial};
  double sum = 0;
  for (const scenario::TrialPlan& plan : plans) {
    const auto found = cells_.find(std::string(record::cell_of(plan.name)));
    if (found == cells_.end() || !found->second.contains(whole)) return std::nullopt;
    sum += found->second.at(whole);
  }
  if (plans.empty()) return std::nullopt;
  return sum + phase("", {record::Phase::Kind::outer_vm}).value_or(0);
}

}  // namespace lab::terminal
