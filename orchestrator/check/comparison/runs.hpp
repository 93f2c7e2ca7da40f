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

}  // namespace lab::check
