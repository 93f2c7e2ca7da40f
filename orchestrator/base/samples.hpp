// SPDX-License-Identifier: MIT
// Summarizes several measurements of one thing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace lab::base {

// Returns the two values in the middle, which are the same for an odd number. Needs a value.
template <typename Value>
std::pair<Value, Value> middle(std::span<const Value> sorted) {
  return {sorted[(sorted.size() - 1) / 2], sorted[sorted.size() / 2]};
}

inline double median(std::span<const double> sorted) {
  const auto [low, high] = middle(sorted);
  return low == high ? low : (low + high) / 2;
}

// Keeps values in ascending order. Median, least and most need at least one value.
class Samples {
 public:
  Samples() = default;
  explicit Samples(std::vector<double> values) : values_(std::move(values)) {
    std::ranges::sort(values_);
  }

  void add(double value) { values_.insert(std::ranges::upper_bound(values_, value), value); }
  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }
  double median() const { return base::median(values_); }
  double least() const { return values_.front(); }
  double most() const { return values_.back(); }
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

}  // namespace lab::base
