// SPDX-License-Identifier: MIT
// What an exit costs: the time of a guest that does nothing but CPUID.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lab::vmm {

struct CostOptions {
  std::uint64_t exits = 100'000;
  unsigned repeats = 5;
  std::uint32_t leaf = 1;
};

// Of one repeat, for each exit. The time stamp counter counts instructions where this machine is
// emulated with -icount shift=0, else cycles.
struct Cost {
  double nanoseconds = 0;  // CLOCK_MONOTONIC_RAW
  double ticks = 0;        // time stamp counter
};

// Runs one warm-up, then the repeats.
std::vector<Cost> measure_cost(const CostOptions& options);

// One line of what is to be compared: modules, parameters, and what watches them.
struct Variant {
  std::string name;
  bool patched = false;
  std::map<std::string, std::string> parameters;
  enum class Tracing { none, histogram, events } tracing = Tracing::none;
};
std::vector<Variant> overhead_variants();

struct VariantCost {
  std::string name;
  std::vector<Cost> costs;  // empty: it cannot be had, `why` says why not
  std::string why;
};

// Loads each variant's modules in turn (stock ones are back at the end) and measures.
void measure_overhead(const std::filesystem::path& modules, const std::filesystem::path& runtime,
                      const CostOptions& options,
                      const std::function<void(const VariantCost&)>& sink);

}  // namespace lab::vmm
