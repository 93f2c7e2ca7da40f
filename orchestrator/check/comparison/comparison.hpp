// SPDX-License-Identifier: MIT
// Two cells side by side: what changed from a to b, by how much, and how sure that is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/cause_sums.hpp"
#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/check/comparison/runs.hpp"
#include "orchestrator/check/comparison/statistics.hpp"

namespace lab::check {

struct Side {
  double median = 0;  // exits
  Interval interval;  // of the median
};

struct Row {
  enum class Kind { total, category, reason };
  std::string step;
  std::uint32_t guest = 1;
  Kind kind = Kind::total;
  std::uint32_t number = 0;                 // of a reason
  std::string name;                         // "total", "io", "IOIO"
  std::optional<exits::Category> category;  // its own, or the reason's
  Side a, b;
  double step_total = 0;  // median of the step's total in a
  // How large it is, without regard to which side a value is from: the n-th largest of all, where n
  // is half the smaller side's trials. At least as large as either median.
  double large = 0;
  double step_large = 0;            // the same of the step's total
  double most = 0;                  // of any trial of either side
  Interval difference;              // of median b - median a; exact: least to most of any trial
  std::optional<double> p;          // of the rank test alone; absent: exact, or nothing to test
  std::optional<double> corrected;  // set by correct()
  bool differs = false;             // exact: some trial; else set by correct()
  // Trials of b that have more than any of a: how many, their median, and the chance of so many
  // (exceedance_p), which the gate alone asks for, by test_beyond().
  std::size_t beyond = 0;
  double beyond_median = 0;
  std::optional<double> beyond_p, beyond_corrected;
  bool intermittent = false;  // set by correct(): these trials alone show that there are more
  // Where the median of another run of a may lie, as far as a's runs differ by more than their
  // trials explain; absent where they do not. Trials of one run depend on each other.
  std::optional<Interval> other_run;
  std::optional<RunSpread> runs;  // set by weigh_runs(): by how much a's runs vary

  double change() const { return b.median - a.median; }  // exits
  bool is_more() const;                 // from a to b; where the medians are equal, by the interval
  bool is_like_another_run() const;     // b's median lies where another run of a may lie
  std::optional<double> share() const;  // of a's median; absent where that is 0
  std::string subject() const;          // "IOIO of boot", "total of guest 2's boot"
};

struct Comparison {
  std::string scenario;
  std::string a_name, b_name;  // cells
  std::size_t a_trials = 0, b_trials = 0;
  std::vector<Difference> conditions;  // in which they differ
  bool exact = false;                  // deterministic sites: trial k beside trial k, no statistics
  std::string note;                    // why not exact though both say that they are
  std::vector<std::string> only_a, only_b;  // steps that only one has
  std::vector<Row> rows;  // steps in a's order; each: total, categories, reasons, most exits first
  // By name_causes(), where both sides' trials have causes: what changed, the largest move first.
  std::vector<CauseChange> causes;
};

inline constexpr double default_confidence = 0.95;

Comparison compare(const Cell& a, const Cell& b, double confidence = default_confidence);

// Of a deterministic cell: what has other counts than its equal, in words; empty: nothing.
std::vector<std::string> unsteady(const Cell& cell);

// The row's exits in each trial of a cell of its own comparison; 0 of what a cell never had.
Counts row_counts(const Cell& cell, const Row& row);

// Sets by how much a's runs vary in each of these rows, of a comparison of a with another cell.
// What is usual comes from all of them: the median of what a's runs differ by, and at least what
// trials explain.
void weigh_runs(std::span<Row* const> rows, const Cell& a);

// Has the row tested for exits that only some of b's trials have more of, too: a regression that
// comes and goes. For rows that have a p.
void test_beyond(Row& row, const Comparison& comparison);

// Holm's correction over all tests of these rows, of however many comparisons; a row differs where
// a corrected p of its is below alpha. Returns how many tests there were.
std::size_t correct(std::span<Row* const> rows, double alpha);

// Cells of a and b that belong together: of the same name; or the only ones of their scenario on
// both sides, whatever their names.
struct Pair {
  const Cell* a = nullptr;
  const Cell* b = nullptr;
};
struct Pairs {
  std::vector<Pair> pairs;
  std::vector<const Cell*> only_a, only_b;
};
Pairs pair_up(const std::vector<Cell>& a, const std::vector<Cell>& b);

// Puts the causes that changed into the comparison of the cells that these are the trials of (or
// some of them). Nothing where either side has none.
void name_causes(Comparison& comparison, std::span<const record::Record> a,
                 std::span<const record::Record> b);

// Those of the row: of its step and guest, and where it is a reason's, of that. None of a category.
std::vector<CauseChange> matching_changes(const Row& row, const std::vector<CauseChange>& changes);

// Every pair, corrected for all rows of all of them.
std::vector<Comparison> compare_all(const Pairs& pairs, double alpha);

}  // namespace lab::check
