// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/expected.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::terminal {
namespace {

// Records are read whole: reading more of them costs more time than a better estimate is worth.
constexpr std::size_t records_looked_at = 20;

// Returns the parts of a plan that decide a trial's time; "" where the plan lacks them.
std::string work_key(const nlohmann::ordered_json& plan) {
  if (!plan.contains("settings") || !plan.contains("steps")) return "";
  return plan["settings"].dump() + plan["steps"].dump();
}

}  // namespace

Expected::Expected(const store::Store& store, const std::vector<scenario::TrialPlan>& plans,
                   const std::string& site) {
  std::set<std::string> scenarios;
  std::map<std::string, std::string> work;  // by cell
  for (const scenario::TrialPlan& plan : plans) {
    scenarios.insert(plan.scenario);
    work[std::string(record::cell_name(plan.name))] = work_key(scenario::to_object(plan));
  }
  for (const std::string& scenario : scenarios) {
    const auto rows = store.rows({.scenario = scenario, .limit = records_looked_at});
    const std::string on = site == "auto" && !rows.empty() ? rows.back().site : site;
    std::vector<std::string> ids;
    for (const record::Row& row : rows)
      if (row.site == on && row.outcome == record::Outcome::passed) ids.push_back(row.id);
    if (ids.empty()) continue;
    store.for_each({.ids = ids}, [&](const record::Record& record) {
      const std::string cell(record::cell_name(record.trial));
      const auto plan = base::try_parse_json<nlohmann::ordered_json>(record.plan);
      const auto wanted = work.find(cell);
      if (wanted == work.end() || !plan || wanted->second != work_key(*plan)) return;
      auto& phases = cells_[cell];
      // Only an outer VM's first trial has that VM's boot; later trials keep the boot's time.
      for (const auto& [phase, seconds] : record.timings) phases[phase] = seconds;
    });
  }
}

std::optional<double> Expected::phase(const std::string& trial, const record::Phase& phase) const {
  for (const auto& [cell, phases] : cells_) {
    if (!trial.empty() && cell != record::cell_name(trial)) continue;
    if (const auto found = phases.find(phase); found != phases.end()) return found->second;
  }
  return std::nullopt;
}

std::optional<double> Expected::all(const std::vector<scenario::TrialPlan>& plans) const {
  const record::Phase whole{record::Phase::Kind::trial};
  double sum = 0;
  for (const scenario::TrialPlan& plan : plans) {
    const auto found = cells_.find(std::string(record::cell_name(plan.name)));
    if (found == cells_.end() || !found->second.contains(whole)) return std::nullopt;
    sum += found->second.at(whole);
  }
  if (plans.empty()) return std::nullopt;
  return sum + phase("", {record::Phase::Kind::outer_vm}).value_or(0);
}

}  // namespace lab::terminal
