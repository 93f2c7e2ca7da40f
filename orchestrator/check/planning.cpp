// SPDX-License-Identifier: MIT
#include "orchestrator/check/planning.hpp"

#include <algorithm>
#include <cmath>

#include "orchestrator/check/baseline.hpp"

namespace lab::check {
namespace {

// Where this many new trials show nothing, the baseline has too few and more new ones do not help.
constexpr std::size_t most_new_trials = 100;

// Returns the rows that the gate would judge if the new trials were like the baseline's.
std::vector<Row> judged_rows(const Cell& cell, const GateOptions& options) {
  std::vector<Row> rows = compare(cell, cell).rows;
  std::erase_if(rows, [&](const Row& row) {
    return !is_judged(row, scenario_floors(options, cell.scenario), known_vendor(cell));
  });
  return rows;
}

// Returns how many new trials exclude a change of options.excluded floors: the interval of the cell
// beside itself, narrowed as new trials narrow it and moved by chance, does not reach it. Returns
// nullopt where no number suffices.
std::optional<std::size_t> trials_for_a_pass(const Row& row, const Cell& cell,
                                             const GateOptions& options) {
  const auto floor = find_floor(row, scenario_floors(options, cell.scenario), known_vendor(cell));
  const base::Samples samples = to_samples(row_counts(cell, row));
  const double wide = largest_shift_hidden(samples.values(), samples.values(), default_confidence);
  if (!floor || !(*floor > 0) || !(wide > 0)) return 1;
  const auto n = static_cast<double>(cell.trials.size());
  const double allowed = options.excluded * *floor / chance_reaches / wide;
  const double rest = 2 * allowed * allowed - 1;  // share of the variance: n / new trials
  if (!(rest > 0)) return std::nullopt;
  return static_cast<std::size_t>(std::ceil(std::min(n / rest, 1e9)));
}

std::size_t to_let_pass(const std::vector<Row>& rows, const Cell& cell,
                        const GateOptions& options) {
  std::size_t most = 0;
  for (const Row& row : rows) {
    const auto needed = trials_for_a_pass(row, cell, options);
    if (!needed || *needed > most_planned_trials) return 0;  // others alone would not help
    most = std::max(most, *needed);
  }
  return most;
}

}  // namespace

std::optional<std::size_t> trials_for(const std::string& scenario,
                                      const std::vector<Cell>& baseline, const std::string& site,
                                      const GateOptions& options) {
  std::size_t tests = 0, fewest = SIZE_MAX, needed = 1;
  for (const Cell& cell : baseline) {
    if (!site.empty() && site_name(cell) != site) continue;
    if (record::is_deterministic(cell.conditions)) continue;  // its counts are compared, not tested
    const std::vector<Row> rows = judged_rows(cell, options);
    tests += tests_a_row * rows.size();
    if (cell.scenario != scenario) continue;
    fewest = std::min(fewest, cell.trials.size());
    needed = std::max({needed, fewest_new_trials, to_let_pass(rows, cell, options)});
  }
  if (fewest == SIZE_MAX) return needed;
  // The quarter more stands for rows that are new or have grown, which are tested too.
  const double least = options.alpha / static_cast<double>(tests + tests / 4 + 1);
  for (std::size_t n = needed; n <= most_new_trials; ++n)
    if (least_p(fewest, n) < least) return n;
  return std::nullopt;
}

std::size_t trials_needed(double alpha, std::size_t tests) {
  std::size_t n = 1;
  while (least_p(n, n) * static_cast<double>(std::max<std::size_t>(1, tests)) >= alpha) ++n;
  return n;
}

}  // namespace lab::check
