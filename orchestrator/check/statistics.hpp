// SPDX-License-Identifier: MIT
// What the gate knows of statistics: exact where that is affordable, without randomness of its own,
// so that the same samples always get the same answer. Distributions are Boost.Math's.
#pragma once

#include <span>
#include <vector>

namespace lab::check {

struct Interval {
  double low = 0, high = 0;
  double confidence = 0;  // what it really has: with few samples less than what was asked for

  bool operator==(const Interval&) const = default;
};

// Of the median, between two order statistics (binomial; David and Nagaraja, Order
// Statistics, 7.1). `sorted` ascending, not empty. With fewer than 6 samples even least … most has
// less than 95 %.
Interval median_interval(std::span<const double> sorted, double confidence);

// Of median(b) - median(a): the percentile bootstrap, with each resample's medians drawn from
// their own distribution (a median of n resampled values is the order statistic at a
// Beta-distributed place) instead of resampling. Both ascending, not empty.
Interval difference_interval(std::span<const double> a, std::span<const double> b,
                             double confidence);

// Two-sided p of the Wilcoxon rank-sum (Mann-Whitney) test: whether a and b could come from one
// distribution. With ties, and exact over all ways to choose the smaller side's ranks where they
// can be counted in a moment (20 and 20, 100 and 5); else the normal approximation with corrections
// for ties and continuity. Both not empty. 1 where all values are equal.
double rank_test(std::span<const double> a, std::span<const double> b);

// The least p that rank_test gives for so many samples: no difference whatever is shown below it.
double least_p(std::size_t a, std::size_t b);

// Holm's correction: p values for which "at least one of these is below alpha" is wrong with a
// probability of at most alpha. In the order of the given ones.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace lab::check
