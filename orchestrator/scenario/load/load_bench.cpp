// SPDX-License-Identifier: MIT
// Measures with Google Benchmark how long lab loads, validates and expands a matrix of 10,000
// cells; this should stay under a second.
#include <benchmark/benchmark.h>

#include "orchestrator/scenario/example.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace {

using namespace lab;

void load_and_validate(benchmark::State& state) {
  const std::string text = scenario::large_example();
  for (auto _ : state) benchmark::DoNotOptimize(scenario::parse(text, "large.yaml"));
}
BENCHMARK(load_and_validate)->Unit(benchmark::kMillisecond);

void load_validate_and_expand(benchmark::State& state) {
  const std::string text = scenario::large_example();
  for (auto _ : state) {
    const auto plans = scenario::expand(scenario::parse(text, "large.yaml"));
    if (plans.size() != 10000) state.SkipWithError("not 10,000 trials");
    benchmark::DoNotOptimize(plans.data());
  }
}
BENCHMARK(load_validate_and_expand)->Unit(benchmark::kMillisecond);

}  // namespace
