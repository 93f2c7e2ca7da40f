// SPDX-License-Identifier: MIT
// How much runs differ from each other. A run has one saved state and one hour of its machine, so
// its trials are more like each other than like those of another run.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/check/comparison/statistics.hpp"

namespace lab::check {

// Where the median of one more run lies, at 95 % (Student's prediction interval over the runs'
// medians). nullopt where the runs do not differ by more than their trials' spread explains
// (analysis of variance at 20 %), or where there is nothing to learn that from: one run, or a trial
// each.
std::optional<Interval> other_run_interval(const std::vector<std::vector<double>>& runs);

// How many times as much as their trials explain the runs differ (analysis of variance), where 1 is
// the median of runs that do not differ at all. nullopt where trials do not vary, or where there is
// nothing to learn that from.
std::optional<double> run_ratio(const std::vector<std::vector<double>>& runs);

// By how much the levels of runs vary, beside what their trials explain.
struct RunSpread {
  double deviation = 0;  // of one run's level
  double freedom = 0;    // degrees of Student's t: how well that is known
  double runs = 0;       // that these are worth: fewer than there are where sizes differ

  bool operator==(const RunSpread&) const = default;
};

// Two runs alone say next to nothing of how much runs vary. So what they say is put together with
// what is usual: that runs differ `usual_ratio` times as much as trials explain, as run_ratio() has
// it (moderated variance; Smyth 2004, with known degrees of freedom). nullopt of fewer than two
// runs and of a trial each.
std::optional<RunSpread> run_spread(const std::vector<std::vector<double>>& runs,
                                    double usual_ratio);

// How far `reach`, half of a 95 % interval that knows only how trials vary, goes where runs vary as
// well: one new run beside those of the spread.
double reach_between_runs(double reach, const RunSpread& spread);

}  // namespace lab::check
