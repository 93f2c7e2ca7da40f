// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/expected.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::terminal {
namespace {

namespace condition = record::condition;

// Records are read whole: reading more of them costs more time than a better estimate is worth.
constexpr std::size_t records_looked_at = 20, rows_looked_at = 500;

// These decide how fast a trial runs, and are known before it does.
constexpr std::string_view known_before[] = {condition::emulator, condition::host,
                                             condition::host_kernel};

// Returns the parts of a plan that decide a trial's time; "" where the plan lacks them.
std::string work_key(const nlohmann::ordered_json& plan) {
  if (!plan.contains("settings") || !plan.contains("steps")) return "";
  return plan["settings"].dump() + plan["steps"].dump();
}

bool has_conditions(const record::Record& record, const TrialBefore& trial) {
  return record.site == trial.site &&
         record::find_condition(record.conditions, condition::exact).empty() != trial.exact &&
         std::ranges::all_of(known_before, [&](std::string_view key) {
           return record::find_condition(record.conditions, key) ==
                  record::find_condition(trial.conditions, key);
         });
}

// Returns the ids of the scenario's newest trials that passed on one of the sites.
std::vector<std::string> newest_of(const store::Store& store, const std::string& scenario,
                                   const std::set<std::string>& sites) {
  std::vector<std::string> ids;
  for (const record::Row& row : store.rows({.scenario = scenario, .limit = rows_looked_at}))
    if (sites.contains(row.site) && row.outcome == record::Outcome::passed) ids.push_back(row.id);
  if (ids.size() > records_looked_at) ids.erase(ids.begin(), ids.end() - records_looked_at);
  return ids;
}

}  // namespace

Expected::Expected(const store::Store& store, const std::vector<TrialBefore>& trials) {
  struct Wanted {
    std::string work;
    const TrialBefore* trial = nullptr;
  };
  std::map<std::string, Wanted> wanted;                    // by cell
  std::map<std::string, std::set<std::string>> scenarios;  // their sites
  for (const TrialBefore& trial : trials) {
    scenarios[trial.plan.scenario].insert(trial.site);
    wanted[std::string(record::cell_name(trial.plan.name))] = {
        work_key(scenario::to_object(trial.plan)), &trial};
  }
  for (const auto& [scenario, sites] : scenarios) {
    const std::vector<std::string> ids = newest_of(store, scenario, sites);
    if (ids.empty()) continue;
    store.for_each({.ids = ids}, [&](const record::Record& record) {
      const std::string cell(record::cell_name(record.trial));
      const auto plan = base::try_parse_json<nlohmann::ordered_json>(record.plan);
      const auto found = wanted.find(cell);
      if (found == wanted.end() || !plan || found->second.work != work_key(*plan) ||
          !has_conditions(record, *found->second.trial))
        return;
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
