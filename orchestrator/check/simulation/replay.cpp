// SPDX-License-Identifier: MIT
#include "orchestrator/check/simulation/replay.hpp"

#include <cmath>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/check/planning.hpp"

namespace lab::check {
namespace {

Cell draw_trials(const Cell& from, std::size_t count, std::mt19937_64& random) {
  return slice(from, draw(from.trials.size(), count, random));
}

Cell inject(Cell cell, const std::optional<Injection>& injected) {
  if (!injected) return cell;
  for (StepSamples& step : cell.steps) {
    if (step.step != injected->row.step || step.guest != injected->row.guest) continue;
    Counts& exits = step.reasons.at(injected->row.number);
    for (std::size_t i = 0; i < exits.size(); ++i) {
      const auto more =
          std::uint64_t(std::llround(injected->share * static_cast<double>(exits[i])));
      exits[i] += more;
      step.total[i] += more;
    }
  }
  return cell;
}

}  // namespace

Replayed replay(const Cell& recorded, const Night& night, std::size_t times,
                const GateOptions& options, std::uint64_t seed) {
  Replayed result;
  const std::vector<std::string> runs = run_ids(recorded);
  if (runs.size() <= fewest_runs) return result;
  std::mt19937_64 random(seed);
  while (result.rates.times < times && result.refused < times) {
    const std::string& tonight = runs[draw(runs.size(), 1, random).front()];
    const Cell usual = draw_trials(select_run(recorded, tonight, true), night.baseline, random);
    const auto planned = trials_for(usual.scenario, {usual}, "", options);
    if (!planned || !objections(usual, options).empty()) {
      ++result.refused;
      continue;
    }
    const Cell now = select_run(recorded, tonight);
    result.wanted_more += *planned > now.trials.size();
    const auto again = [&](std::size_t trials) {
      if (!night.a_condition_differs)
        return Again{usual, as_one_run(inject(draw_trials(now, trials, random), night.injected)),
                     true};
      auto [before, after] = draw_sides(recorded, recorded, trials, random);
      return Again{as_one_run(std::move(before)),
                   as_one_run(inject(std::move(after), night.injected))};
    };
    try_check(usual, inject(draw_trials(now, *planned, random), night.injected), again, options,
              result.rates);
  }
  return result;
}

std::vector<Row> reasons_that_must_not_pass(const Cell& cell, double share,
                                            const GateOptions& options) {
  const Floors& floors = scenario_floors(options, cell.scenario);
  std::vector<Row> rows = compare(cell, cell).rows;
  std::erase_if(rows, [&](const Row& row) {
    const std::optional<double> floor = find_floor(row, floors, known_vendor(cell));
    return row.kind != Row::Kind::reason || !is_judged(row, floors, known_vendor(cell)) || !floor ||
           !(*floor > 0) || share * row.a.median < options.excluded * *floor;
  });
  return rows;
}

}  // namespace lab::check
