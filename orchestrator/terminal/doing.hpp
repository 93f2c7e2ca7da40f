// SPDX-License-Identifier: MIT
// Describes what runs now, for a terminal: the progress line of a run, and lab top's table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/report/report.hpp"

namespace lab::terminal {

// Returns "1:23" or "1:02:03".
std::string clock_text(double seconds);

// Returns one bar a value, like "▁▃█", scaled to the largest value; "" without values.
std::string sparkline(std::span<const double> values);

// Describes what one lane does now.
struct Doing {
  std::string where;               // "boot-count#1: boot"; printable
  double seconds = 0;              // since this phase began
  std::optional<double> expected;  // seconds that it took before
  std::optional<std::uint64_t> exits;
  std::vector<double> rates;  // exits a second, newest last
  std::string leading;        // the reason with the most exits lately; "" where unknown
  double leading_share = 0;   // of 1, of the exits lately
};

// Returns one line, or two where one is too narrow: the phase, and below it the counts. Each line
// drops its least important pieces until it fits.
std::vector<std::string> doing_lines(const Doing& doing, std::size_t columns);

struct LaneState {
  std::string node;   // "" while the machine is unknown
  std::string phase;  // "boot"
};

// Returns the sum of all lanes, then a line for each machine, by name, as long as there is room;
// then how many machines are left out. At least one line, none longer than `columns`.
std::vector<std::string> lines_by_node(std::span<const LaneState> lanes, std::size_t lines,
                                       std::size_t columns);

// Counts one reason of a running guest since it was created, and since the previous sample.
struct TopReason {
  std::string name;  // printable
  std::uint64_t exits = 0, cycles = 0;
  std::uint64_t new_exits = 0, new_cycles = 0;
};
struct Top {
  std::string title;  // printable
  bool emulated = false;
  std::optional<double> seconds;  // since the previous sample; absent where there was none
  std::vector<TopReason> reasons;
};

// Returns a table like `perf kvm stat live`'s, at most so many lines and columns: most new exits
// first, then most exits.
std::string top_table(const Top& top, std::size_t lines, std::size_t columns,
                      const report::Style& style = {});

// Counts the exits between two readings of their causes.
struct TopCauses {
  std::uint64_t exits = 0;  // of all causes
  struct Cause {
    std::string name, text;  // of the reason; "DETAIL, PLACE"; printable
    std::uint64_t exits = 0;
  };
  std::vector<Cause> leading;  // most exits first
};

// Returns the table below a guest's top_table, at most so many lines and columns. It names places
// in the guest's kernel by address, as symbols are read only when the trial ends.
std::string top_causes(const TopCauses& causes, std::size_t lines, std::size_t columns,
                       const report::Style& style = {});

}  // namespace lab::terminal
