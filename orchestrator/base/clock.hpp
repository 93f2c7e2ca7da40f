// SPDX-License-Identifier: MIT
// Measures elapsed time.
#pragma once

#include <chrono>

namespace lab::base {

// Measures the seconds since its construction, or the last restart(), on the monotonic clock.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  void restart() { start_ = std::chrono::steady_clock::now(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace lab::base
