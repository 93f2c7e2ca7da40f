// SPDX-License-Identifier: MIT
// Records as trials leave them, but made up: for benchmarks of the store and for tests.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::store {

// The same ones each time: by a fixed seed.
class GeneratedRecords {
 public:
  static constexpr unsigned scenarios = 20;  // "generated-00" to "generated-19"
  static constexpr std::string_view scenario_prefix = "generated-";
  static constexpr unsigned run_trials = 50;  // of a run

  // `reasons`: of a boot, at most as many as svm has; its idle step has a fifth of them.
  GeneratedRecords(std::size_t trials, std::size_t reasons);

  // One later than the one before. They are spread over scenarios by runs: a run is of one
  // scenario, five repeats of each of ten cells.
  record::Record next();

 private:
  record::Step step(const std::string& name, std::size_t reasons, double begin, double seconds);
  record::Host host(const std::vector<record::Step>& steps);

  std::size_t trials_, reasons_, made_ = 0;
  std::string run_;
  std::mt19937_64 random_{20251121};
};

}  // namespace lab::store
