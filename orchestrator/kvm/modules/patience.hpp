// SPDX-License-Identifier: MIT
// Decides when lab gives up swapping modules that something else uses or loads meanwhile.
#pragma once

#include "orchestrator/base/clock.hpp"

namespace lab::kvm {

// Counts attempts, too, as an outer VM that still boots takes seconds for one.
class Patience {
 public:
  static constexpr unsigned attempts = 10;

  explicit Patience(double seconds) : seconds_(seconds) {}

  // Is called after each attempt. Returns whether none should follow.
  bool is_over() { return ++made_ >= attempts && watch_.seconds() > seconds_; }

 private:
  base::Stopwatch watch_;
  double seconds_;
  unsigned made_ = 0;
};

}  // namespace lab::kvm
