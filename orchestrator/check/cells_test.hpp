// SPDX-License-Identifier: MIT
// Makes up trials for tests.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"

namespace lab::check {

inline constexpr std::uint32_t hlt = 0x78, ioio = 0x7b, msr = 0x7c;

inline const record::Conditions usual = {
    {"site", "svm"}, {"vendor", "svm"}, {"console", "quiet"}, {"outer_kernel", "6.1"}};

// Returns a trial with one step, boot, with these exits.
inline record::TrialCounts trial(std::size_t number,
                                 std::vector<std::pair<std::uint32_t, std::uint64_t>> reasons,
                                 const record::Conditions& conditions = usual,
                                 const std::string& run = "run") {
  record::TrialCounts counts{.id = fmt::format("{}-{:04}", run, number),
                             .run = run,
                             .scenario = "s",
                             .trial = fmt::format("s#{}", number),
                             .repeat = std::uint32_t(number),
                             .outcome = record::Outcome::passed,
                             .conditions = std::make_shared<const record::Conditions>(conditions)};
  std::uint64_t total = 0;
  for (const auto& [reason, exits] : reasons) total += exits;
  counts.steps = {{"boot", 1, total, std::move(reasons)}};
  return counts;
}

// Returns `count` trials with slightly varying HLT exits, and about `ioio_exits` of IOIO.
inline std::vector<record::TrialCounts> trials(std::size_t count, std::uint64_t ioio_exits,
                                               const record::Conditions& conditions = usual,
                                               const std::string& run = "run") {
  std::vector<record::TrialCounts> all;
  for (std::size_t i = 1; i <= count; ++i)
    all.push_back(trial(i, {{hlt, 20'000 + i * 7 % 50}, {ioio, ioio_exits + i % 3}, {msr, 50}},
                        conditions, run));
  return all;
}

inline std::vector<Cell> cells(const std::vector<record::TrialCounts>& all) {
  return gather(all).cells;
}

}  // namespace lab::check
