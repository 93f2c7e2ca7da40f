// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/binomial.hpp>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <numeric>
#include <random>
#include <tuple>

#include "orchestrator/base/samples.hpp"

namespace lab::check {
namespace {

constexpr std::size_t resamples = 999;
constexpr std::uint64_t resampling_seed = 1;  // of the order that pairs both sides' resamples

// Contains the mid-ranks of a's and b's values, a's first, doubled to be whole even with ties.
struct Ranks {
  std::vector<std::size_t> doubled;
  double ties = 0;  // sum of t^3 - t over groups of t equal values
};

Ranks rank(std::span<const double> a, std::span<const double> b) {
  std::vector<std::pair<double, std::size_t>> values;
  for (const double value : a) values.emplace_back(value, values.size());
  for (const double value : b) values.emplace_back(value, values.size());
  std::ranges::sort(values);
  Ranks ranks{.doubled = std::vector<std::size_t>(values.size())};
  for (std::size_t begin = 0, end = 0; begin < values.size(); begin = end) {
    while (end < values.size() && values[end].first == values[begin].first) ++end;
    for (std::size_t i = begin; i < end; ++i) ranks.doubled[values[i].second] = begin + end + 1;
    const auto equal = static_cast<double>(end - begin);
    ranks.ties += equal * equal * equal - equal;
  }
  return ranks;
}

// Returns ways[s]: in how many ways `chosen` of the ranks have the sum s.
std::vector<double> ways_to_sum(const std::vector<std::size_t>& ranks, std::size_t chosen) {
  const std::size_t most = std::accumulate(ranks.begin(), ranks.end(), std::size_t(0));
  std::vector<std::vector<double>> ways(chosen + 1, std::vector<double>(most + 1));
  ways[0][0] = 1;
  std::size_t reached = 0;
  for (const std::size_t rank : ranks) {
    reached += rank;
    for (std::size_t k = chosen; k >= 1; --k)
      for (std::size_t sum = reached; sum >= rank; --sum) ways[k][sum] += ways[k - 1][sum - rank];
  }
  return ways[chosen];
}

// Returns whether all choices can be counted, by the number of steps of ways_to_sum().
bool is_countable(std::size_t a, std::size_t b) {
  const double n = static_cast<double>(a + b);
  return static_cast<double>(std::min(a, b)) * n * n * (n + 1) < 8e6;
}

// Returns the share of all choices whose sum is at least as far from the mean as a's.
double exact_p(const std::vector<std::size_t>& ranks, std::size_t chosen, double sum, double mean) {
  const std::vector<double> ways = ways_to_sum(ranks, chosen);
  double all = 0, as_far = 0;
  for (std::size_t s = 0; s < ways.size(); ++s) {
    all += ways[s];
    if (std::abs(static_cast<double>(s) - mean) >= std::abs(sum - mean)) as_far += ways[s];
  }
  return as_far / all;
}

double normal_p(double a, double b, double ties, double sum, double mean) {
  const double n = a + b;
  // The doubled rank sum has four times the variance of the rank sum.
  const double variance = a * b / 3 * (n + 1 - ties / (n * (n - 1)));
  if (!(variance > 0)) return 1;
  const double distance = std::max(0.0, std::abs(sum - mean) - 1);
  return std::min(1.0, 2 * cdf(complement(boost::math::normal(), distance / std::sqrt(variance))));
}

// Returns which of n sorted values is the median of n resampled ones, evenly over its distribution:
// a uniform median lies at a Beta-distributed place. Skips places that never come up.
const std::vector<std::size_t>& median_indexes(std::size_t n) {
  static std::mutex mutex;
  static std::map<std::size_t, std::vector<std::size_t>> known;
  const std::lock_guard lock(mutex);
  std::vector<std::size_t>& indexes = known[n];
  if (!indexes.empty()) return indexes;
  const double half = (static_cast<double>(n) + 1) / 2;
  const boost::math::beta_distribution<> distribution(half, half);
  const auto up_to = [&](std::size_t index) {
    return cdf(distribution, static_cast<double>(index + 1) / static_cast<double>(n));
  };
  std::size_t index = n / 2;
  while (index > 0 && up_to(index - 1) >= 0.5 / resamples) --index;
  double reached = up_to(index);
  for (std::size_t i = 0; i < resamples; ++i) {
    const double share = (static_cast<double>(i) + 0.5) / resamples;
    while (reached < share && index + 1 < n) reached = up_to(++index);
    indexes.push_back(index);
  }
  return indexes;
}

std::vector<double> resampled_medians(std::span<const double> sorted) {
  std::vector<double> medians;
  medians.reserve(resamples);
  for (const std::size_t index : median_indexes(sorted.size())) medians.push_back(sorted[index]);
  return medians;
}

// Returns at most one or two thousand of the values, evenly spaced.
std::vector<double> thinned(std::span<const double> sorted) {
  const std::size_t step = std::max<std::size_t>(1, sorted.size() / 1000);
  std::vector<double> some;
  for (std::size_t i = 0; i < sorted.size(); i += step) some.push_back(sorted[i]);
  return some;
}

// Returns the nth smallest, from 1, of all differences between b's and a's values, else infinity.
double nth_difference(std::span<const double> a, std::span<const double> b, std::size_t nth) {
  const std::size_t pairs = a.size() * b.size();
  if (nth > pairs) return INFINITY;
  std::vector<double> differences;
  const std::vector<double> some = thinned(b);
  for (const double x : thinned(a))
    for (const double y : some) differences.push_back(y - x);
  const double share = static_cast<double>(nth) / static_cast<double>(pairs);
  const double place = std::ceil(share * static_cast<double>(differences.size()));
  const auto found = differences.begin() + static_cast<std::ptrdiff_t>(place) - 1;
  std::ranges::nth_element(differences, found);
  return *found;
}

// Returns the rank test's p, without ties, where b's value is higher in `above` of a * b pairs.
double p_of_pairs(std::size_t a, std::size_t b, std::size_t above) {
  const auto one = static_cast<double>(a), other = static_cast<double>(b);
  // Both are of a's doubled ranks; every pair with b above lowers their sum by one rank.
  const double mean = one * (one + other + 1);
  const double sum = one * (one + 1) + 2 * (one * other - static_cast<double>(above));
  if (!is_countable(a, b)) return normal_p(one, other, 0, sum, mean);
  if (a > b) return p_of_pairs(b, a, above);  // it is two-sided, so the sides may be exchanged
  std::vector<std::size_t> ranks(a + b);
  for (std::size_t i = 0; i < ranks.size(); ++i) ranks[i] = 2 * (i + 1);
  return exact_p(ranks, a, sum, mean);
}

// Returns the first number from `begin` on for which `holds` is false; `end` where there is none.
// It must be true for all numbers before that. (clang 14 cannot do this by std::views::iota.)
template <typename Holds>
std::size_t first_not(std::size_t begin, std::size_t end, Holds holds) {
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (holds(middle))
      begin = middle + 1;
    else
      end = middle;
  }
  return begin;
}

// Returns the fewest pairs with b's value above that make p less than alpha; else a * b + 1.
std::size_t pairs_needed(std::size_t a, std::size_t b, double alpha) {
  static std::mutex mutex;
  static std::map<std::tuple<std::size_t, std::size_t, double>, std::size_t> known;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = known.try_emplace({a, b, alpha}, 0);
  if (!is_new) return entry->second;
  entry->second = first_not(a * b / 2 + 1, a * b + 1,
                            [&](std::size_t above) { return p_of_pairs(a, b, above) >= alpha; });
  return entry->second;
}

}  // namespace

Interval median_interval(std::span<const double> sorted, double confidence) {
  const std::size_t n = sorted.size();
  const boost::math::binomial below(static_cast<double>(n), 0.5);
  // sorted[cut] … sorted[n - 1 - cut] misses the median where at most `cut` samples are on one
  // side.
  const auto missed = [&](std::size_t cut) { return 2 * cdf(below, static_cast<double>(cut)); };
  // This is the largest cut that misses seldom enough; 0 where none does.
  const std::size_t most = std::max<std::size_t>(1, (n + 1) / 2);
  const auto seldom = [&](std::size_t cut) { return missed(cut) <= 1 - confidence; };
  const std::size_t cut = first_not(1, most, seldom) - 1;
  return {sorted[cut], sorted[n - 1 - cut], std::max(0.0, 1 - missed(cut))};
}

Interval difference_interval(std::span<const double> a, std::span<const double> b,
                             double confidence) {
  // Pairs both sides' resamples in an order that depends on neither.
  static const std::vector<std::size_t> order = [] {
    std::vector<std::size_t> all(resamples);
    std::iota(all.begin(), all.end(), 0);
    std::mt19937_64 random(resampling_seed);
    std::ranges::shuffle(all, random);
    return all;
  }();
  const std::vector<double> from = resampled_medians(a);
  std::vector<double> differences = resampled_medians(b);
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= from[order[i]];
  const std::size_t tail =
      std::max<std::size_t>(1, static_cast<std::size_t>((1 - confidence) / 2 * (resamples + 1)));
  const auto smallest = [&differences](std::size_t nth) {
    const auto place = differences.begin() + static_cast<std::ptrdiff_t>(nth) - 1;
    std::ranges::nth_element(differences, place);
    return *place;
  };
  return {smallest(tail), smallest(resamples + 1 - tail), confidence};
}

double rank_test(std::span<const double> a, std::span<const double> b) {
  if (a.size() > b.size()) return rank_test(b, a);  // the smaller side has fewer choices
  const Ranks ranks = rank(a, b);
  const std::size_t n = a.size() + b.size();
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(ranks.doubled[i]);
  const double mean = static_cast<double>(a.size()) * static_cast<double>(n + 1);
  if (is_countable(a.size(), b.size())) return exact_p(ranks.doubled, a.size(), sum, mean);
  return normal_p(static_cast<double>(a.size()), static_cast<double>(b.size()), ranks.ties, sum,
                  mean);
}

double least_p(std::size_t a, std::size_t b) {
  if (a == 0 || b == 0) return 1;
  if (is_countable(a, b))
    return std::min(1.0, 2 / boost::math::binomial_coefficient<double>(unsigned(a + b),
                                                                       unsigned(std::min(a, b))));
  // Here all of one side are below all of the other.
  const auto one = static_cast<double>(a), other = static_cast<double>(b);
  return normal_p(one, other, 0, one * (one + 1), one * (one + other + 1));
}

double exceedance_p(std::size_t a, std::size_t b, std::size_t beyond) {
  if (beyond > b) return 1;
  double p = 1;
  for (std::size_t i = 0; i < beyond; ++i)
    p *= static_cast<double>(b - i) / static_cast<double>(a + b - i);
  return p;
}

double students_p(std::span<const double> a, std::span<const double> b) {
  double means[2] = {}, squares = 0;
  for (int side = 0; side < 2; ++side) {
    const std::span<const double> values = side == 0 ? a : b;
    for (const double value : values) means[side] += value / static_cast<double>(values.size());
    for (const double value : values) squares += (value - means[side]) * (value - means[side]);
  }
  const auto one = static_cast<double>(a.size()), other = static_cast<double>(b.size());
  if (one + other < 3 || means[0] == means[1]) return 1;
  if (!(squares > 0)) return 0;
  const double deviation = std::sqrt(squares / (one + other - 2) * (1 / one + 1 / other));
  const boost::math::students_t usual(one + other - 2);
  return 2 * cdf(complement(usual, std::abs(means[1] - means[0]) / deviation));
}

double least_shift_shown(std::span<const double> a, std::span<const double> b, double alpha) {
  const double between_medians = base::median(b) - base::median(a);
  const std::size_t needed = pairs_needed(a.size(), b.size(), alpha);
  return std::max(0.0, nth_difference(b, a, needed) + between_medians);
}

double largest_shift_hidden(std::span<const double> a, std::span<const double> b,
                            double confidence) {
  return nth_difference(a, b, pairs_needed(a.size(), b.size(), 1 - confidence));
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> corrected(p.size());
  double least = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, p[order[i]] * static_cast<double>(order.size() - i));
    corrected[order[i]] = std::min(1.0, least);
  }
  return corrected;
}

}  // namespace lab::check
