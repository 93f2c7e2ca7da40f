// SPDX-License-Identifier: MIT
// Compares two cells: what changed from a to b, by how much, and how certain that is.
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
  // Is the row's size over both sides together: the n-th largest value of all, where n is half the
  // smaller side's trials. It is at least as large as either median.
  double large = 0;
  double step_large = 0;            // the same of the step's total
  double most = 0;                  // of any trial of either side
  Interval difference;              // of median b - median a; exact: least to most of any trial
  std::optional<double> p;          // of the rank test alone; absent: exact, or untested
  std::optional<double> corrected;  // set by correct()
  bool differs = false;             // exact: some trial; else set by correct()
  // Trials of b with more exits than any of a: how many, their median, and the probability of so
  // many (exceedance_p), which only the gate computes, by test_beyond().
  std::size_t beyond = 0;
  double beyond_median = 0;
  std::optional<double> beyond_p, beyond_corrected;
  bool intermittent = false;  // set by correct(): only these trials show an increase
  // The interval for the median of another run of a, where a's runs differ by more than their
  // trials explain; absent where they do not. Trials of one run depend on each other.
  std::optional<Interval> other_run;
  std::optional<RunSpread> runs;  // set by weigh_runs(): by how much a's runs vary

  double change() const { return b.median - a.median; }  // exits
  bool is_more() const;                 // from a to b; the interval decides for equal medians
  bool is_like_another_run() const;     // b's median lies in other_run
  std::optional<double> share() const;  // of a's median; absent where that is 0
  std::string subject() const;          // "IOIO of boot", "total of guest 2's boot"
};

struct Comparison {
  std::string scenario;
  std::string a_name, b_name;  // cells
  std::string site;            // of b's trials; "" where they have none
  std::size_t a_trials = 0, b_trials = 0;
  std::vector<Difference> conditions;  // in which they differ
  bool exact = false;                  // deterministic sites: trial k beside trial k, no statistics
  std::string note;                    // why it is not exact though both sides claim to be
  std::vector<std::string> only_a, only_b;  // steps that only one has
  std::vector<Row> rows;  // steps in a's order; each: total, categories, reasons, most exits first
  // Set by name_causes() where both sides' trials have causes; the largest change comes first.
  std::vector<CauseChange> causes;
};

inline constexpr double default_confidence = 0.95;

Comparison compare(const Cell& a, const Cell& b);

// Describes which of a deterministic cell's trials with equal numbers have different counts; empty
// where none have.
std::vector<std::string> unsteady(const Cell& cell);

// Returns the row's exits in each trial of a cell of its comparison; 0 for an absent reason.
Counts row_counts(const Cell& cell, const Row& row);

// Sets Row::runs in each of these rows, of a comparison of a with another cell. The usual ratio
// comes from all of them: the median of their run_ratio(), and at least 1.
void weigh_runs(std::span<Row* const> rows, const Cell& a);

// Also tests the row for an increase in only some of b's trials: a regression that comes and goes.
// Only for rows with a p.
void test_beyond(Row& row, const Comparison& comparison);

// Applies Holm's correction over all tests of these rows, of any number of comparisons. A row
// differs where one of its corrected p is below alpha. Returns the number of tests.
std::size_t correct(std::span<Row* const> rows, double alpha);

// Is a pair of cells to compare: of the same name, or the only ones of their scenario on both
// sides, whatever their names.
struct Pair {
  const Cell* a = nullptr;
  const Cell* b = nullptr;
};
struct Pairs {
  std::vector<Pair> pairs;
  std::vector<const Cell*> only_a, only_b;
};
Pairs pair_up(const std::vector<Cell>& a, const std::vector<Cell>& b);

// Adds the causes that changed to the comparison. The records are trials of its two cells, or some
// of them. Does nothing where either side has no causes.
void name_causes(Comparison& comparison, std::span<const record::Record> a,
                 std::span<const record::Record> b);

// Returns the changes of the row's step and guest, and of its reason; none for a category.
std::vector<CauseChange> matching_changes(const Row& row, const std::vector<CauseChange>& changes);

// Compares every pair, corrected for the rows of all of them together.
std::vector<Comparison> compare_all(const Pairs& pairs, double alpha);

}  // namespace lab::check
