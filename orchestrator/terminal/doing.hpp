// SPDX-License-Identifier: MIT
// What goes on now, for a terminal: the line of a person waiting, and lab top's table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/report/report.hpp"

namespace lab::terminal {

// "1:23", "1:02:03".
std::string clock_text(double seconds);

// "▁▃█": each value's share of the largest; nothing of nothing.
std::string sparkline(std::span<const double> values);

// One of the outer VMs that work at once.
struct Doing {
  std::string where;               // "boot-count#1: boot"; printable
  double seconds = 0;              // of this phase, so far
  std::optional<double> expected;  // what it took before
  std::optional<std::uint64_t> exits;
  std::vector<double> rates;  // exits a second, newest last
  std::string leading;        // the reason with the most exits lately; "" where unknown
  double leading_share = 0;   // of 1, of the exits lately
};

// One line, or two where one is too narrow: what is done, and below it the counts. In each, what
// matters least goes first where there is no room.
std::vector<std::string> doing_lines(const Doing& doing, std::size_t columns);

// Reasons of a running guest since it was created, and since the time before.
struct TopReason {
  std::string name;  // printable
  std::uint64_t exits = 0, cycles = 0;
  std::uint64_t new_exits = 0, new_cycles = 0;
};
struct Top {
  std::string title;  // printable
  bool emulated = false;
  std::optional<double> seconds;  // since the time before; absent: there was none
  std::vector<TopReason> reasons;
};

// At most so many lines and columns; most new exits first, then most exits. In the manner of
// `perf kvm stat live`.
std::string top_table(const Top& top, std::size_t lines, std::size_t columns,
                      const report::Style& style = {});

// Of the exits between two readings of their causes.
struct TopCauses {
  std::uint64_t exits = 0;  // of all causes
  struct Cause {
    std::string name, text;  // of the reason; "DETAIL, PLACE"; printable
    std::uint64_t exits = 0;
  };
  std::vector<Cause> leading;  // most exits first
};

// At most so many lines and columns, below a guest's top_table. What a guest's kernel does is named
// by address: its symbols are asked for when the trial ends.
std::string top_causes(const TopCauses& causes, std::size_t lines, std::size_t columns,
                       const report::Style& style = {});

}  // namespace lab::terminal
