// SPDX-License-Identifier: MIT
// Contains what a list shows of a record: small enough to read hundreds of thousands.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::record {

struct Row {
  std::string id, run, scenario, trial, site;
  std::uint32_t repeat = 1;
  Outcome outcome = Outcome::incomplete;
  std::chrono::system_clock::time_point start_time;  // in milliseconds
  std::optional<std::uint64_t> exits;                // of the first step: the boot

  bool operator==(const Row&) const = default;
};

Row to_row(const Record& record);

// Summarizes one `lab run` (Record::run).
struct RunInfo {
  std::string run;
  std::vector<std::string> scenarios;                // sorted
  std::chrono::system_clock::time_point start_time;  // of its first trial
  std::size_t trials = 0, passed = 0;

  bool operator==(const RunInfo&) const = default;
};

}  // namespace lab::record
