// SPDX-License-Identifier: MIT
// Estimates how much runs differ from each other. A run has one saved state and one hour of its
// machine, so its trials are more similar to each other than to those of another run.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/check/comparison/statistics.hpp"

namespace lab::check {

// Returns the 95 % interval for the median of one more run (Student's prediction interval over the
// runs' medians). Returns nullopt where the runs do not differ by more than their trials' spread
// explains (analysis of variance at 20 %), or where that cannot be computed: one run, or a trial
// each.
std::optional<Interval> other_run_interval(const std::vector<std::vector<double>>& runs);

// Returns how many times more the runs differ than their trials explain (analysis of variance); 1
// is the median for runs that do not differ. Returns nullopt where trials do not vary or where it
// cannot be computed.
std::optional<double> run_ratio(const std::vector<std::vector<double>>& runs);

// Is the variation of the runs' levels beyond what their trials explain.
struct RunSpread {
  double deviation = 0;  // of one run's level
  double freedom = 0;    // degrees of freedom of Student's t for it
  double runs = 0;       // effective number of runs: lower where their sizes differ

  bool operator==(const RunSpread&) const = default;
};

// Estimates the spread of runs. Two runs alone say next to nothing about it, so their variance is
// combined with a usual one: that runs differ `usual_ratio` times as much as trials explain, as
// run_ratio() computes it (moderated variance; Smyth 2004, with known degrees of freedom). Returns
// nullopt for fewer than two runs and for a trial each.
std::optional<RunSpread> run_spread(const std::vector<std::vector<double>>& runs,
                                    double usual_ratio);

// Widens `reach`, half of a 95 % interval by the trials' variation alone, by the runs' variation:
// for one new run beside those of the spread.
double reach_between_runs(double reach, const RunSpread& spread);

}  // namespace lab::check
