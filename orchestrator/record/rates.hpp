// SPDX-License-Identifier: MIT
// How fast exits came: a timeline's stretches, how steady they were, and its busiest moments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::record {

// Rates are looked at in windows of this many seconds: 1, or two mean samples where that is more.
double rate_window(const Timeline& timeline);

// A part of a trial. A sample that reaches over its edges counts by its share of time.
struct Stretch {
  std::string name;
  double begin = 0, end = 0;  // seconds
  double exits = 0;           // of all guests together
  std::size_t windows = 0;    // whole ones in it
  // Coefficient of variation of exits a second over the windows: standard deviation / mean, 0 is
  // perfectly steady. Absent with fewer than 3 windows or without exits.
  std::optional<double> variation;
  double least = 0, most = 0;  // exits a second, over the windows

  double seconds() const { return end - begin; }
  double rate() const { return seconds() > 0 ? exits / seconds() : 0; }
};

Stretch stretch(const Timeline& timeline, std::string name, double begin, double end);

// Between neighbouring milestones: "kernel → init".
std::vector<Stretch> phases(const Timeline& timeline);

// The first guest's steps, those whose time is known.
std::vector<Stretch> step_stretches(const Record& record);

// By reason number, most exits first; a sample that reaches over the edges by its share of time.
std::vector<std::pair<std::uint32_t, double>> reasons_between(const Timeline& timeline,
                                                              double begin, double end);

// A window with more exits than those around it.
struct Burst {
  double begin = 0, end = 0;
  double exits = 0;
  std::vector<std::pair<std::uint32_t, double>> reasons;  // number, exits; most first
};

// The busiest windows that do not overlap, most exits first; none without exits.
std::vector<Burst> busiest(const Timeline& timeline, std::size_t count);

}  // namespace lab::record
