// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/resolution.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace lab::check {
namespace {

constexpr std::size_t named_rows = 2;

// Returns whether the trials exclude a change, so that only differences between runs may hide it.
bool is_hidden_by_runs(const Resolution& one, double floors) {
  return one.by_trials <= floors * one.floor;
}

// Advises on rows with enough trials whose runs differ or are too few.
std::string runs_advice(const Resolution& one) {
  return fmt::format(
      "whole runs may differ as much, as far as the baseline's {:.0f} show "
      "(by about {:.0f} exits of {}): a baseline of more runs may do, or exact runs",
      one.row.runs->runs, one.row.runs->deviation, one.row.subject());
}

double trials_a_side(const Resolution& one, double floors, std::size_t a, std::size_t b) {
  const double wide = one.by_trials - one.row.change();
  const double shrink = chance_reaches * wide / (floors * one.floor);
  const double now = 1 / static_cast<double>(a) + 1 / static_cast<double>(b);
  return std::ceil(2 * shrink * shrink / now);
}

}  // namespace

double Resolution::floors_missed() const {
  return floor > 0 && could_miss > 0 ? could_miss / floor : 0;
}

Resolution resolve(const Row& row, const Cell& a, const Cell& b, double floor, double alpha) {
  const base::Samples before = to_samples(row_counts(a, row)),
                      after = to_samples(row_counts(b, row));
  const double middle = largest_shift_hidden(before.values(), after.values(), 0),
               far = largest_shift_hidden(before.values(), after.values(), default_confidence);
  Resolution result{.row = row, .floor = floor, .by_trials = std::max(0.0, far)};
  result.could_miss = result.by_trials;
  if (row.runs && std::isfinite(far))
    result.could_miss = std::max(0.0, middle + reach_between_runs(far - middle, *row.runs));
  result.would_find = std::max(floor, least_shift_shown(before.values(), after.values(), alpha));
  return result;
}

std::string size_text(const Row& row, double exits) {
  if (std::isinf(exits)) return "no change of " + row.subject();
  if (!(row.a.median > 0)) return fmt::format("+{:.0f} exits of {}", exits, row.subject());
  const double percent = 100 * exits / row.a.median;
  return fmt::format("+{:.{}f} % of {}", percent, percent < 10 ? 1 : 0, row.subject());
}

std::string missed_text(std::span<const Resolution> all, double floors, std::size_t a_trials,
                        std::size_t b_trials) {
  std::vector<const Resolution*> missed;
  for (const Resolution& one : all)
    if (one.floors_missed() > floors) missed.push_back(&one);
  if (missed.empty()) return "";
  std::ranges::stable_sort(missed, std::greater(), &Resolution::floors_missed);
  std::string text = "could have missed ";
  double trials = 0;
  const Resolution* by_runs = nullptr;
  for (std::size_t i = 0; i < missed.size(); ++i) {
    if (!is_hidden_by_runs(*missed[i], floors))
      trials = std::max(trials, trials_a_side(*missed[i], floors, a_trials, b_trials));
    else if (by_runs == nullptr)
      by_runs = missed[i];
    if (i < named_rows)
      text += (i > 0 ? ", " : "") + size_text(missed[i]->row, missed[i]->could_miss);
  }
  if (missed.size() > named_rows) text += fmt::format(", {} more", missed.size() - named_rows);
  text += fmt::format(": a pass excludes {:g} times the floor; ", floors);
  if (trials > 0)
    text += fmt::format("about {:.0f} trials a side would do, or a larger floor of the scenario's",
                        trials);
  if (by_runs) text += (trials > 0 ? "; but " : "") + runs_advice(*by_runs);
  return text;
}

}  // namespace lab::check
