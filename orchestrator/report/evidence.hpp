// SPDX-License-Identifier: MIT
// Groups records by equal conditions, so that answers rest on comparable trials. Used by the report
// only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/base/samples.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::report {

struct Group {
  std::string label;  // "boot-count[paging=nested]", unique
  std::string scenario;
  record::Conditions conditions;               // all but start_time and repeat
  std::vector<const record::Record*> records;  // passed ones
  std::vector<std::size_t> numbers;            // their numbers in the evidence, from 1
};

// Groups the passed records by scenario and conditions, in the order of their first appearance.
std::vector<Group> group(std::span<const record::Record> records);

// Returns "[1]", "[1, 2]" or "[1–4]".
std::string cite(const std::vector<std::size_t>& numbers);

// Contains one value of each trial (and guest).
using Values = base::Samples;

// Returns "1,234", "1,234 (in each of 2)" or "1,234 (median of 3, 1,200 to 1,300)".
std::string values_text(const Values& values);

// Returns the names of the steps that have counts, in their order.
std::vector<std::string> step_names(const Group& group);

Values step_exits(const Group& group, const std::string& step);
Values step_rates(const Group& group, const std::string& step);  // exits a second, by steps' times
Values step_seconds(const Group& group, const std::string& step);

// Sums all trials' counts of a step; of all steps where the step is "".
struct Pool {
  struct Entry {
    std::uint32_t number = 0;
    std::string name, category;
    double exits = 0;
    double timed_exits = 0, cycles = 0;  // where the cycles are known
  };
  std::vector<Entry> entries;  // most exits first
  double exits = 0;
  std::size_t counts = 0;  // trials times guests, in which the step was counted
};
Pool pool(const Group& group, const std::string& step);

// Returns the exits of one reason in each trial (and guest), 0 where it did not happen.
Values reason_exits(const Group& group, const std::string& step, std::uint32_t number);

}  // namespace lab::report
