// SPDX-License-Identifier: MIT
// Causes of several trials together, and what changed from one set of trials to another.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::check {

struct CauseSum {
  std::uint32_t number = 0;  // of the exit reason
  std::string reason, detail, place;
  std::uint64_t exits = 0;              // of all trials together
  std::optional<std::uint64_t> cycles;  // absent where some are not known

  bool operator==(const CauseSum&) const = default;
};

// The causes of one step (and guest) of a cell, on processors of one vendor. Exits that the kernel
// lost are a cause, too, whose detail and place are lost_causes.
struct StepCauses {
  std::string scenario, cell, step;
  std::uint32_t guest = 1;
  std::string vendor;            // condition::vendor, which gives the numbers their meaning
  bool emulated = false;         // so that cycles are the emulator's
  std::size_t trials = 0;        // that have causes of this step
  std::uint64_t exits = 0;       // of all these trials together
  std::vector<CauseSum> causes;  // most exits first; they add up to `exits`

  double a_trial(std::uint64_t of_all) const { return double(of_all) / double(trials); }

  bool operator==(const StepCauses&) const = default;
};

inline constexpr std::string_view lost_causes = "(lost)";

// In the order in which cells and steps come first. Steps without causes are left out. Sums that
// exceed 64 bits stay at the largest number.
std::vector<StepCauses> sum_causes(std::span<const record::Record> records);
std::vector<StepCauses> sum_causes(std::span<const record::Record* const> records);

enum class By { both, detail, place };

// What is equal but for the place (or the detail) put together; "" stands in its stead.
StepCauses merged(const StepCauses& step, By by);

// Exits of one cause a trial, in the mean of the trials of either side; 0 where a side has none.
struct CauseChange {
  std::string step;
  std::uint32_t guest = 1;
  std::uint32_t number = 0;
  std::string reason, detail, place;
  double a = 0, b = 0;
  bool in_a = true, in_b = true;  // whether the side has this cause at all

  double change() const { return b - a; }
};

// All causes of either side, the largest move first. Of a step of both sides.
std::vector<CauseChange> cause_changes(const StepCauses& a, const StepCauses& b);

// Steps of a and b that belong together: of one vendor and of cells of the same name, or, where
// either side has only one cell, of these two.
struct StepPairs {
  std::vector<std::pair<StepCauses, StepCauses>> pairs;
  std::vector<std::string> only_a, only_b;  // "boot of boot-count[paging=nested]"
};
StepPairs pair_steps(const std::vector<StepCauses>& a, const std::vector<StepCauses>& b);

}  // namespace lab::check
