// SPDX-License-Identifier: MIT
// Generates records like those of trials, for benchmarks of the store and for tests.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::store {

// Generates the same records each time, by a fixed seed.
class GeneratedRecords {
 public:
  static constexpr unsigned scenarios = 20;  // "generated-00" to "generated-19"
  static constexpr std::string_view scenario_prefix = "generated-";
  static constexpr unsigned run_trials = 50;  // in a run

  // `reasons` is the number of a boot's reasons, at most as many as svm has; the idle step has a
  // fifth of them.
  GeneratedRecords(std::size_t trials, std::size_t reasons);

  // Returns a record that starts later than the one before. A run has one scenario, with five
  // repeats of each of ten cells; the next run has another scenario.
  record::Record next();

 private:
  record::Step step(const std::string& name, std::size_t reasons, double begin, double seconds);
  record::Host host(const std::vector<record::Step>& steps);

  std::size_t trials_, reasons_, made_ = 0;
  std::string run_;
  std::mt19937_64 random_{20251121};
};

}  // namespace lab::store
