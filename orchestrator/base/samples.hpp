// SPDX-License-Identifier: MIT
// Several measurements of one thing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace lab::base {

// In ascending order; nothing can be asked of none.
class Samples {
 public:
  Samples() = default;
  explicit Samples(std::vector<double> values) : values_(std::move(values)) {
    std::ranges::sort(values_);
  }

  void add(double value) { values_.insert(std::ranges::upper_bound(values_, value), value); }
  double median() const {
    const std::size_t half = values_.size() / 2;
    return values_.size() % 2 == 1 ? values_[half] : (values_[half - 1] + values_[half]) / 2;
  }
  double least() const { return values_.front(); }
  double most() const { return values_.back(); }
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

}  // namespace lab::base
