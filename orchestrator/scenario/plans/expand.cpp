// SPDX-License-Identifier: MIT
// Makes the trials of a scenario.
#include <algorithm>
#include <iterator>
#include <utility>

#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {
namespace {

// Returns the plan that all trials of a cell share.
TrialPlan cell_plan(const Scenario& scenario, const std::vector<Step>& steps, const Cell& cell) {
  TrialPlan plan{.scenario = scenario.name,
                 .cell = cell,
                 .settings = cell_settings(scenario, cell),
                 .timeouts = scenario.timeouts,
                 .steps = steps};
  if (const auto found = resolve_paging(plan.settings)) {
    fail(scenario.file, found->cause, found->remedy);
  }
  std::ranges::copy_if(scenario.expect, std::back_inserter(plan.expect),
                       [&](const Expectation& entry) { return matches(entry.where, cell); });
  for (Expectation& entry : plan.expect) entry.where.clear();  // the entry applies to this cell
  return plan;
}

}  // namespace

std::vector<TrialPlan> expand(const Scenario& scenario) {
  const std::vector<Cell> cells = make_cells(scenario);
  const std::vector<Step> steps = steps_with_timeouts(scenario);
  std::vector<TrialPlan> plans;
  plans.reserve(cells.size() * (scenario.warmup + scenario.repeat));
  for (const Cell& cell : cells) {
    if (scenario.left_out.contains(cell)) continue;
    TrialPlan plan = cell_plan(scenario, steps, cell);
    std::uint32_t number = 0;
    for (std::string& name : trial_names(scenario, cell)) {
      plan.warmup = ++number <= scenario.warmup;
      plan.repeat = plan.warmup ? number : number - scenario.warmup;
      plan.repeats = plan.warmup ? scenario.warmup : scenario.repeat;
      plan.name = std::move(name);
      plans.push_back(plan);
    }
  }
  return plans;
}

}  // namespace lab::scenario
