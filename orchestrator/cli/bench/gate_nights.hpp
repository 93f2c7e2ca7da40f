// SPDX-License-Identifier: MIT
// Draws nights of the gate from recorded trials: measures how often a check raises a false alarm,
// and how often it finds an increase put into its new trials.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/simulation/replay.hpp"

namespace lab::cli {

inline constexpr double false_alarms_allowed = 0.01;

// Returns whether `part` is at most this share of `all`; false where `all` is 0.
bool is_at_most(std::size_t part, double share, std::size_t all);

std::string percent(std::size_t part, std::size_t all);  // "0.4 %", "-" of none

// Measures in its constructor, which takes seconds to minutes.
class GateNights {
 public:
  struct Nights {
    check::Night night;
    check::Replayed replayed;
    bool holds = true;
  };

  // Accepts `baseline` trials; makes `times` checks of no change, of each reason and each size.
  GateNights(const check::Cell& recorded, std::size_t baseline, std::size_t times);

  bool hold() const;  // whether the gate keeps its promises
  std::string text() const;
  std::vector<Nights> all() const;

 private:
  Nights measure(check::Night night) const;
  bool has_some() const { return unchanged_.back().replayed.rates.times > 0; }
  std::string injected_text() const;
  static std::string nights_text(const Nights& nights);
  static std::string rates_text(const Nights& nights);

  const check::Cell& recorded_;
  std::size_t baseline_, times_;
  std::vector<Nights> unchanged_;  // with no condition that differs; with one
  std::vector<Nights> injected_;   // for each reason all shares, ascending
};

}  // namespace lab::cli
