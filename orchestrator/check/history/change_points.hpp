// SPDX-License-Identifier: MIT
// Finds where a history changed, by E-divisive with a permutation test (Matteson and James, A
// Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data, JASA 2014), for
// one variable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::check {

// Returns the indexes, ascending, of the first values of new levels, with at least `fewest_values`
// values on each side of each. The same values always give the same answer (the permutations' seed
// is fixed).
inline constexpr std::size_t fewest_values = 3;
std::vector<std::size_t> change_points(std::span<const double> values);

// Identifies trials with a common history: sites and vendors count differently.
struct SeriesKey {
  std::string scenario, cell, site, vendor;

  auto operator<=>(const SeriesKey&) const = default;
};
SeriesKey series_key(const record::TrialCounts& trial);

// Returns the run among the newest few, or adds it: trials of several labs at once are interleaved.
// `Runs` is a sequence, oldest first, of elements with a member `run`.
template <typename Runs>
typename Runs::value_type& find_or_add_run(Runs& runs, const std::string& run,
                                           typename Runs::value_type next) {
  constexpr std::size_t at_once = 16;
  for (std::size_t back = 1; back <= std::min(at_once, runs.size()); ++back)
    if (runs[runs.size() - back].run == run) return runs[runs.size() - back];
  return runs.emplace_back(std::move(next));
}

// Is a change in the history of a cell over its runs on a site.
struct Change {
  std::string cell, site, vendor;
  std::string subject;  // "total of boot", "IOIO of boot"
  std::string step;     // the subject's
  std::uint32_t guest = 1;
  std::string run;                     // the first run that shows it
  std::string time;                    // of its first trial, from its id
  double before = 0, after = 0;        // medians of the levels
  std::vector<Difference> conditions;  // that changed with this run
};

// Limits the search to the newest `most` runs of each cell, and to totals and reasons with many
// exits at some time. Trials must be in the order of their ids.
struct HistoryOptions {
  std::size_t most = 200;
  bool reasons = true;  // false: totals alone
};
std::vector<Change> changes_in(std::span<const record::TrialCounts> trials,
                               const HistoryOptions& options = {});

}  // namespace lab::check
