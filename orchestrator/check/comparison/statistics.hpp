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

// One-sided: the chance that the `beyond` largest of all are b's, were all of one distribution
// (hypergeometric). 1 where there are none, or more than b has.
double exceedance_p(std::size_t a, std::size_t b, std::size_t beyond);

// Two-sided p of Student's t test with a pooled variance: sees a difference between samples that
// are too few for the rank test, but believes them to be normal. 1 with fewer than three in all;
// 0 where neither side varies and they differ. Both not empty.
double students_p(std::span<const double> a, std::span<const double> b);

// The least shift of b, once its median is a's, from which on rank_test calls b larger than a at
// this alpha (by complete pairs: how often a value of b is above one of a). Infinite where no
// shift would do. Both ascending, not empty.
double least_shift_shown(std::span<const double> a, std::span<const double> b, double alpha);

// The far end of the interval of rank_test: so much larger b may be, at this (two-sided)
// confidence. Infinite where there are too few for it. Both ascending, not empty.
double largest_shift_hidden(std::span<const double> a, std::span<const double> b,
                            double confidence);

// Holm's correction: p values for which "at least one of these is below alpha" is wrong with a
// probability of at most alpha. In the order of the given ones.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace lab::check
