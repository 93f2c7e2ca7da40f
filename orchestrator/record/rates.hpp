// SPDX-License-Identifier: MIT
// Computes how fast exits came: stretches, their steadiness, and a timeline's busiest moments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::record {

// Returns the seconds of the windows for rates: 1, or two mean sample intervals where that is more.
double rate_window(const Timeline& timeline);

// Is a part of a trial. A sample that overlaps its edges counts by its share of time.
struct Stretch {
  std::string name;
  double begin = 0, end = 0;  // seconds
  double exits = 0;           // of all guests together
  std::size_t windows = 0;    // whole windows in it
  // Coefficient of variation of the exits a second over the windows (standard deviation / mean); 0
  // is perfectly steady. Absent with fewer than 3 windows or without exits.
  std::optional<double> variation;
  double least = 0, most = 0;  // exits a second, over the windows

  double seconds() const { return end - begin; }
  double rate() const { return seconds() > 0 ? exits / seconds() : 0; }
};

Stretch stretch(const Timeline& timeline, std::string name, double begin, double end);

// Returns the stretches between neighbouring milestones: "kernel → init".
std::vector<Stretch> phases(const Timeline& timeline);

// Returns the first guest's steps whose time is known.
std::vector<Stretch> step_stretches(const Record& record);

// Returns exits by reason number, most first; samples at the edges count by their share of time.
std::vector<std::pair<std::uint32_t, double>> reasons_between(const Timeline& timeline,
                                                              double begin, double end);

// Is a window with more exits than those around it.
struct Burst {
  double begin = 0, end = 0;
  double exits = 0;
  std::vector<std::pair<std::uint32_t, double>> reasons;  // number, exits; most first
};

// Returns the busiest windows that do not overlap, most exits first; none without exits.
std::vector<Burst> busiest(const Timeline& timeline, std::size_t count);

}  // namespace lab::record
