// SPDX-License-Identifier: MIT
// Measures how often the gate is right, by checks of trials drawn from recorded ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/check/confirmation.hpp"

namespace lab::check {

struct Rates {
  std::size_t times = 0;
  std::size_t suspected = 0;                               // checks with a confirmation
  std::size_t regressed = 0, cannot_tell = 0, passed = 0;  // after the confirmation
  std::size_t improved = 0;
  std::size_t promised = 0;  // checks that suspected or found one of the subjects at least
  std::map<std::string, std::size_t> told;  // by subject: suspected, or improved, in so many checks

  void count(bool was_suspected, const Verdict& verdict);
};

// Contains the new trials of each side that a confirmation judges.
struct Again {
  Cell a, b;
  bool same_on_both_sides = false;  // as settle() takes it
};
using TryAgain = std::function<Again(std::size_t trials)>;

// Makes a check and, where it suspects something, its confirmation, as `lab check` makes them.
// Counts the result in `rates`; `look` gets the verdict before the confirmation.
void try_check(
    const Cell& a, const Cell& b, const TryAgain& again, const GateOptions& options, Rates& rates,
    const std::function<void(const Verdict&)>& look = [](const Verdict&) {});

// Draws the indexes of `count` of `from` trials, each at most once; all where there are no more.
std::vector<std::size_t> draw(std::size_t from, std::size_t count, std::mt19937_64& random);

// Draws two sides of so many trials each, or of as many as there are, without replacement: from a
// and from b or, where they are the same object, two disjoint sets of it.
std::pair<Cell, Cell> draw_sides(const Cell& a, const Cell& b, std::size_t trials,
                                 std::mt19937_64& random);

// Marks all trials as one run: new trials for a confirmation are a run of their own, alternating
// with the other side's.
Cell as_one_run(Cell cell);

// Makes `times` checks of `trials` trials a side, drawn as draw_sides() does, and confirms
// suspicions by trials drawn anew in the same way. All conditions may differ. Makes no checks where
// there are too few trials to draw. `subjects` are those that the gate must report.
Rates resample(const Cell& a, const Cell& b, std::size_t trials, std::size_t times,
               const GateOptions& options, std::uint64_t seed,
               const std::set<std::string>& subjects = {});

// promised_changes() returns the changes from a to b that the gate promises to find, largest first:
// of a step's total or of a reason by at least `floors.total` of the step's total, or of a reason
// with many exits by `floors.reason` of itself. It uses all trials: even the near end of the
// difference's 95 % interval must be that large, which excludes noise.
struct Promised {
  std::string subject;
  double change = 0;            // exits
  double of_total = 0;          // of the step's total in a
  std::optional<double> share;  // of the subject's own median in a
};
std::vector<Promised> promised_changes(const Cell& a, const Cell& b, const Floors& floors = {});

}  // namespace lab::check
