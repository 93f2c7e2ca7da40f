// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/statistics.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <tuple>

namespace lab::check {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

using Values = std::vector<double>;

Values range(std::size_t n, double from = 0) {
  Values values(n);
  std::iota(values.begin(), values.end(), from);
  return values;
}

// Counts all ways to choose which values are a's, one by one.
double counted_p(Values a, const Values& b) {
  const auto distance = [](const Values& one, const Values& other) {
    double u = 0;
    for (const double x : one)
      for (const double y : other) u += x > y ? 1 : x == y ? 0.5 : 0;
    return std::abs(u - static_cast<double>(one.size() * other.size()) / 2);
  };
  const double seen = distance(a, b);
  Values all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::vector<int> chosen(all.size());
  std::fill(chosen.end() - std::ptrdiff_t(a.size()), chosen.end(), 1);
  double ways = 0, as_far = 0;
  do {
    Values one, other;
    for (std::size_t i = 0; i < all.size(); ++i) (chosen[i] ? one : other).push_back(all[i]);
    ++ways;
    as_far += distance(one, other) >= seen;
  } while (std::ranges::next_permutation(chosen).found);
  return as_far / ways;
}

TEST(Statistics, RankTestIsExactWithAndWithoutTies) {
  for (const auto& [a, b] : std::vector<std::pair<Values, Values>>{{{1, 2, 3}, {4, 5, 6}},
                                                                   {{1, 4, 3, 9}, {2, 7, 8}},
                                                                   {{1, 1, 1, 2}, {1, 2, 2, 3, 3}},
                                                                   {{5, 5, 5}, {5, 5, 6}},
                                                                   {{10}, {1, 2, 3, 4}}}) {
    EXPECT_NEAR(rank_test(a, b), counted_p(a, b), 1e-12);
    EXPECT_NEAR(rank_test(b, a), rank_test(a, b), 1e-12);
  }
  EXPECT_NEAR(rank_test(range(5), range(5, 10)), 2.0 / 252, 1e-12);
}

TEST(Statistics, AllEqualShowsNothing) {
  EXPECT_EQ(rank_test(Values(5, 7), Values(6, 7)), 1);
  EXPECT_EQ(rank_test(Values(50, 7), Values(60, 7)), 1);
}

// Compares with values counted in Python, then where there are too many ways to count.
TEST(Statistics, RankTestOfManySamples) {
  EXPECT_NEAR(rank_test(range(20), range(20, 4.5)), 0.030411256, 1e-9);
  EXPECT_NEAR(rank_test(range(30), range(31, 8.5)), 0.000567488978, 1e-9);
  // This one uses the approximation, compared with its formula in Python.
  EXPECT_NEAR(rank_test(range(100), range(101, 10.5)), 0.0113039203, 1e-9);
  EXPECT_LT(rank_test(range(100), range(100, 100)), 1e-30);
}

// For ten thousand pairs of the same distribution, the share with p <= x is at most x.
TEST(Statistics, FalseAlarmsAreAsRareAsPromised) {
  std::mt19937 random(7);
  std::poisson_distribution<int> counts(20);  // many ties
  std::vector<double> p;
  for (int i = 0; i < 10'000; ++i) {
    Values a(8), b(8);
    for (Values* side : {&a, &b}) std::ranges::generate(*side, [&] { return counts(random); });
    p.push_back(rank_test(a, b));
  }
  for (const double x : {0.01, 0.05, 0.2})
    EXPECT_LE(std::ranges::count_if(p, [&](double value) { return value <= x; }), 10'000 * x * 1.15)
        << x;
}

TEST(Statistics, LeastPIsWhatCompleteSeparationGives) {
  for (const auto& [a, b] : std::vector<std::pair<std::size_t, std::size_t>>{{3, 3},
                                                                             {5, 5},
                                                                             {8, 8},
                                                                             {20, 20},
                                                                             {40, 2},
                                                                             {37, 4},
                                                                             {40, 40},
                                                                             {100, 3},
                                                                             {1000, 1},
                                                                             {2, 900}})
    EXPECT_NEAR(rank_test(range(a), range(b, 10'000)) / least_p(a, b), 1, 1e-9) << a << " " << b;
  EXPECT_EQ(least_p(0, 5), 1);
  EXPECT_EQ(least_p(1, 1), 1);
  EXPECT_LT(least_p(5000, 5000), 1e-300);
}

TEST(Statistics, MedianIntervalIsBetweenOrderStatistics) {
  const Interval ten = median_interval(range(10, 1), 0.95);  // table: 2nd and 9th, 97.9 %
  EXPECT_EQ(ten.low, 2);
  EXPECT_EQ(ten.high, 9);
  EXPECT_NEAR(ten.confidence, 0.979, 0.001);
  const Interval three = median_interval(range(3, 1), 0.95);
  EXPECT_EQ(three.low, 1);
  EXPECT_EQ(three.high, 3);
  EXPECT_NEAR(three.confidence, 0.75, 1e-9);
  const Interval one = median_interval(Values{5}, 0.95);
  EXPECT_EQ(one.low, 5);
  EXPECT_EQ(one.high, 5);
  EXPECT_EQ(one.confidence, 0);
}

TEST(Statistics, DifferenceIntervalCoversTheDifference) {
  std::mt19937 random(3);
  std::normal_distribution<double> noise(0, 10);
  int covered = 0;
  constexpr int times = 400;
  for (int i = 0; i < times; ++i) {
    Values a(12), b(12);
    std::ranges::generate(a, [&] { return 1000 + noise(random); });
    std::ranges::generate(b, [&] { return 1050 + noise(random); });
    std::ranges::sort(a);
    std::ranges::sort(b);
    const Interval interval = difference_interval(a, b, 0.95);
    EXPECT_LE(interval.low, interval.high);
    covered += interval.low <= 50 && 50 <= interval.high;
  }
  EXPECT_GE(covered, times * 0.90);
  for (const std::size_t n : {500u, 5001u, 100'000u}) {
    const Interval large = difference_interval(range(n), range(n, 1), 0.95);
    EXPECT_NEAR((large.low + large.high) / 2, 1, 0.03 * std::sqrt(double(n))) << n;
    EXPECT_NEAR(large.high - large.low, 2 * 1.96 * std::sqrt(double(n) / 2),
                std::sqrt(double(n)) / 3)
        << n;
  }
  const Interval none = difference_interval(Values{5, 5, 5}, Values{7, 7, 7}, 0.95);
  EXPECT_EQ(none.low, 2);
  EXPECT_EQ(none.high, 2);
}

// Compares with counting all ways to choose which of the values are b's.
TEST(Statistics, ExceedanceIsTheShareOfAllWays) {
  for (const auto& [a, b, beyond] : std::vector<std::tuple<std::size_t, std::size_t, std::size_t>>{
           {3, 3, 2}, {8, 4, 1}, {5, 6, 6}, {4, 4, 0}, {1, 3, 3}}) {
    std::vector<int> is_b(a + b);
    std::fill(is_b.end() - std::ptrdiff_t(b), is_b.end(), 1);
    double ways = 0, so_many = 0;
    do {
      ++ways;
      so_many += std::accumulate(is_b.end() - std::ptrdiff_t(beyond), is_b.end(), 0) == int(beyond);
    } while (std::ranges::next_permutation(is_b).found);
    EXPECT_NEAR(exceedance_p(a, b, beyond), so_many / ways, 1e-12) << a << " " << b;
  }
  EXPECT_EQ(exceedance_p(3, 3, 4), 1);
}

TEST(Statistics, StudentsTest) {
  EXPECT_NEAR(students_p(Values{1, 2, 3, 4}, Values{3, 4, 5, 6}), 0.0710, 0.0002);  // t 2.19, 6
  EXPECT_EQ(students_p(Values{5, 5}, Values{6}), 0);
  EXPECT_EQ(students_p(Values{5, 5}, Values{5}), 1);
  EXPECT_EQ(students_p(Values{5}, Values{9}), 1);
}

// From the returned shift on the test calls b larger; just before it does not.
TEST(Statistics, TheLeastShiftShownIsShown) {
  std::mt19937 random(5);
  std::normal_distribution<double> noise(1000, 30);
  for (const auto& [n, m, alpha] : std::vector<std::tuple<std::size_t, std::size_t, double>>{
           {8, 8, 0.001}, {9, 12, 0.01}, {40, 8, 0.0002}, {60, 60, 0.01}}) {
    Values a(n), b(m);
    for (Values* side : {&a, &b}) std::ranges::generate(*side, [&] { return noise(random); });
    std::ranges::sort(a);
    std::ranges::sort(b);
    const auto median = [](const Values& v) {
      return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
    };
    const double shift = least_shift_shown(a, b, alpha), apart = median(b) - median(a);
    const auto p_with = [&](double more) {
      Values shifted = b;
      for (double& value : shifted) value += more - apart;
      return rank_test(a, shifted);
    };
    EXPECT_LT(p_with(shift + 1e-6), alpha) << n << " " << m;
    EXPECT_GE(p_with(shift - 1e-6), alpha) << n << " " << m;
  }
  EXPECT_TRUE(std::isinf(least_shift_shown(range(3), range(3), 0.01)));
}

// The far end holds in 39 of 40 cases, and equals the rank test's own.
TEST(Statistics, TheLargestShiftHiddenIsRarelyExceeded) {
  EXPECT_EQ(largest_shift_hidden(range(8), range(8), 0.95), 3);  // the 51st of 64
  EXPECT_TRUE(std::isinf(largest_shift_hidden(range(3), range(3), 0.95)));
  std::mt19937 random(3);
  std::normal_distribution<double> noise(0, 10);
  int exceeded = 0;
  for (int i = 0; i < 1000; ++i) {
    Values a(8), b(10);
    std::ranges::generate(a, [&] { return 1000 + noise(random); });
    std::ranges::generate(b, [&] { return 1050 + noise(random); });
    std::ranges::sort(a);
    std::ranges::sort(b);
    exceeded += largest_shift_hidden(a, b, 0.95) < 50;
  }
  EXPECT_LE(exceeded, 35);
  EXPECT_GE(exceeded, 8);
}

TEST(Statistics, HolmsCorrection) {
  EXPECT_THAT(
      holm({0.01, 0.04, 0.03}),
      ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12)));
  EXPECT_THAT(holm({0.9, 0.8}), ElementsAre(1, 1));
  EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace lab::check
