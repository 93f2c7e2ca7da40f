// SPDX-License-Identifier: MIT
// Implements the gate's statistics: exact where that is affordable, and without true randomness, so
// that the same samples always give the same result. Distributions are Boost.Math's.
#pragma once

#include <span>
#include <vector>

namespace lab::check {

struct Interval {
  double low = 0, high = 0;
  double confidence = 0;  // the actual one: with few samples below the requested one

  bool operator==(const Interval&) const = default;
};

// Returns an interval for the median, bounded by two order statistics (binomial; David and
// Nagaraja, Order Statistics, 7.1). `sorted` must be ascending and not empty. With fewer than 6
// samples even least … most has less than 95 % confidence.
Interval median_interval(std::span<const double> sorted, double confidence);

// Returns an interval for median(b) - median(a) by the percentile bootstrap. Draws each resample's
// medians from their distribution (a median of n resampled values is the order statistic at a
// Beta-distributed place) instead of resampling. Both must be ascending and not empty.
Interval difference_interval(std::span<const double> a, std::span<const double> b,
                             double confidence);

// Returns the two-sided p of the Wilcoxon rank-sum (Mann-Whitney) test, which asks whether a and b
// come from one distribution. Handles ties. Is exact over all ways to choose the smaller side's
// ranks where those are quickly counted (20 and 20, 100 and 5); else uses the normal approximation
// with corrections for ties and continuity. Neither may be empty. Returns 1 where all values are
// equal.
double rank_test(std::span<const double> a, std::span<const double> b);

// Returns the least p that rank_test gives for so many samples: a test below it shows nothing.
double least_p(std::size_t a, std::size_t b);

// Returns the one-sided probability that the `beyond` largest values are all b's, if all come from
// one distribution (hypergeometric). Returns 1 where `beyond` is 0 or more than b has.
double exceedance_p(std::size_t a, std::size_t b, std::size_t beyond);

// Returns the two-sided p of Student's t test with a pooled variance. It detects differences
// between samples too few for the rank test, but assumes that they are normal. Returns 1 with fewer
// than three values in all, 0 where neither side varies and they differ. Both must not be empty.
double students_p(std::span<const double> a, std::span<const double> b);

// Returns the least shift of b, once its median equals a's, from which on rank_test calls b larger
// than a at this alpha (by complete pairs: how often a value of b is above one of a). Returns
// infinity where no shift suffices. Both must be ascending and not empty.
double least_shift_shown(std::span<const double> a, std::span<const double> b, double alpha);

// Returns the far end of rank_test's interval: how much larger b may be, at this (two-sided)
// confidence. It is infinite where there are too few samples. Both must be ascending, not empty.
double largest_shift_hidden(std::span<const double> a, std::span<const double> b,
                            double confidence);

// Returns the p values after Holm's correction, in the same order: "at least one of these is below
// alpha" is then wrong with a probability of at most alpha.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace lab::check
