// SPDX-License-Identifier: MIT
// The gate tried on recorded trials, drawn again and again: how often it is right.
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
  std::size_t suspected = 0;                               // checks that tried something again
  std::size_t regressed = 0, cannot_tell = 0, passed = 0;  // after that
  std::size_t improved = 0;
  std::size_t promised = 0;  // checks that suspected or found one of the subjects at least
  std::map<std::string, std::size_t> told;  // by subject: suspected, or improved, in so many checks

  void count(bool was_suspected, const Verdict& verdict);
};

// What a confirmation judges: so many new trials of each side.
struct Again {
  Cell a, b;
  bool same_on_both_sides = false;  // as settle() takes it
};
using TryAgain = std::function<Again(std::size_t trials)>;

// The verdict of a check and, where it suspects something, of its confirmation, as `lab check`
// makes them. Counts what comes of it; `look` sees the verdict before it is confirmed.
Verdict try_check(
    const Cell& a, const Cell& b, const TryAgain& again, const GateOptions& options, Rates& rates,
    const std::function<void(const Verdict&)>& look = [](const Verdict&) {});

// The indexes of so many of `from` trials, each at most once; all of them where there are no more.
std::vector<std::size_t> draw(std::size_t from, std::size_t count, std::mt19937_64& random);

// Two sides of so many trials each, or of as many as there are, drawn without replacement: from a
// and from b, or, where they are the same object, two disjoint sets of it.
std::pair<Cell, Cell> draw_sides(const Cell& a, const Cell& b, std::size_t trials,
                                 std::mt19937_64& random);

// Trials tried again are of a run of their own: in turn with the other side's.
Cell as_one_run(Cell cell);

// `times` checks of `trials` trials a side, drawn without replacement: from a and from b, or, where
// they are the same cell, two disjoint sets of it. What is suspected is confirmed by trials drawn
// anew, in the same way. All conditions may differ. None where there are too few to draw.
// `subjects`: what must be told.
Rates resample(const Cell& a, const Cell& b, std::size_t trials, std::size_t times,
               const GateOptions& options, std::uint64_t seed,
               const std::set<std::string>& subjects = {});

// The changes from a to b that the gate promises to find, largest first: of a step's total or of a
// reason by at least `floors.total` of the step's total, or of a reason with many exits by
// `floors.reason` of itself. By all trials together: even
// the near end of the difference's 95 % interval is that large, so it is no noise.
struct Promised {
  std::string subject;
  double change = 0;            // exits
  double of_total = 0;          // of the step's total in a
  std::optional<double> share;  // of the subject's own median in a
};
std::vector<Promised> promised_changes(const Cell& a, const Cell& b, const Floors& floors = {});

}  // namespace lab::check
