// SPDX-License-Identifier: MIT
// Sums the causes of several trials, and compares the sums of two sets of trials.
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
  std::optional<std::uint64_t> cycles;  // absent where some are unknown

  bool operator==(const CauseSum&) const = default;
};

// Contains the causes of one step (and guest) of a cell, on processors of one vendor. Exits whose
// cause the kernel lost are a cause, too, with lost_causes as detail and place.
struct StepCauses {
  std::string scenario, cell, step;
  std::uint32_t guest = 1;
  std::string vendor;            // condition::vendor, which gives the numbers their meaning
  bool emulated = false;         // so that cycles are the emulator's
  std::size_t trials = 0;        // those that have causes of this step
  std::uint64_t exits = 0;       // of all these trials together
  std::vector<CauseSum> causes;  // most exits first; they add up to `exits`

  double a_trial(std::uint64_t of_all) const { return double(of_all) / double(trials); }

  bool operator==(const StepCauses&) const = default;
};

inline constexpr std::string_view lost_causes = "(lost)";

// Sums the causes by cell and step, in the order of their first trials. Leaves out steps without
// causes. Sums that exceed 64 bits stay at the largest number.
std::vector<StepCauses> sum_causes(std::span<const record::Record> records);
std::vector<StepCauses> sum_causes(std::span<const record::Record* const> records);

enum class By { both, detail, place };

// Combines causes that differ only in the place (or the detail), and sets that to "".
StepCauses merged(const StepCauses& step, By by);

// Contains one cause's exits a trial, as the mean over each side's trials; 0 where it has none.
struct CauseChange {
  std::string step;
  std::uint32_t guest = 1;
  std::uint32_t number = 0;
  std::string reason, detail, place;
  double a = 0, b = 0;
  bool in_a = true, in_b = true;  // whether the side has this cause at all

  double change() const { return b - a; }
};

// Returns all causes of either side for a step of both, the largest move first.
std::vector<CauseChange> cause_changes(const StepCauses& a, const StepCauses& b);

// Pairs steps of a and b: of one vendor and of cells of the same name, or of the only cells of both
// sides.
struct StepPairs {
  std::vector<std::pair<StepCauses, StepCauses>> pairs;
  std::vector<std::string> only_a, only_b;  // "boot of boot-count[paging=nested]"
};
StepPairs pair_steps(const std::vector<StepCauses>& a, const std::vector<StepCauses>& b);

}  // namespace lab::check
