// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/comparison.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace lab::check {
namespace {

Side make_side(const base::Samples& samples, double confidence) {
  return {samples.median(), median_interval(samples.values(), confidence)};
}

// Maps repeat numbers to values; on a deterministic site all trials of one number are equal.
using ByRepeat = std::map<std::uint32_t, std::uint64_t>;

// Returns nullopt where trials that should be equal are not.
std::optional<ByRepeat> by_repeat(const Cell& cell, const Counts& counts) {
  ByRepeat values;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto [known, is_new] = values.emplace(cell.trials[i].repeat, counts[i]);
    if (!is_new && known->second != counts[i]) return std::nullopt;
  }
  return values;
}

// Returns the values of the repeats that both have.
std::pair<Counts, Counts> common(const ByRepeat& a, const ByRepeat& b) {
  std::pair<Counts, Counts> values;
  for (const auto& [repeat, value] : a) {
    const auto other = b.find(repeat);
    if (other == b.end()) continue;
    values.first.push_back(value);
    values.second.push_back(other->second);
  }
  return values;
}

// Makes the rows of one step of two cells.
class StepRows {
 public:
  StepRows(const Comparison& comparison, const Cell& a, const Cell& b)
      : comparison_(comparison), a_(a), b_(b) {}

  std::vector<Row> make(const StepSamples& a, const StepSamples& b) {
    base_ = {.step = a.step, .guest = a.guest, .name = "total"};
    base_.step_total = to_samples(a.total).median();
    base_.step_large = typical_large(a.total, b.total);
    std::vector<Row> rows = {row(base_, a.total, b.total)};
    add_categories(rows, a, b);
    if (known_vendor(a_) == known_vendor(b_))
      add_reasons(rows, a, b);  // otherwise only categories compare
    return rows;
  }

 private:
  // A reason that one side never saw had 0 exits in each of its trials.
  static Counts column(const CountsByReason& reasons, std::uint32_t number, std::size_t trials) {
    const auto found = reasons.find(number);
    return found == reasons.end() ? Counts(trials) : found->second;
  }

  static std::set<std::uint32_t> numbers(const StepSamples& a, const StepSamples& b) {
    std::set<std::uint32_t> all;
    for (const StepSamples* step : {&a, &b})
      for (const auto& [number, column] : step->reasons) all.insert(number);
    return all;
  }

  void add_reasons(std::vector<Row>& rows, const StepSamples& a, const StepSamples& b) const {
    const exits::Vendor vendor = known_vendor(a_);
    const auto first = static_cast<std::ptrdiff_t>(rows.size());
    for (const std::uint32_t number : numbers(a, b)) {
      Row reason = base_;
      reason.kind = Row::Kind::reason;
      reason.number = number;
      reason.name = exits::reason_name(vendor, number);
      reason.category = exits::reason_category(vendor, number);
      rows.push_back(row(reason, column(a.reasons, number, a_.trials.size()),
                         column(b.reasons, number, b_.trials.size())));
    }
    std::ranges::stable_sort(rows.begin() + first, rows.end(), std::greater(), most);
  }

  void add_categories(std::vector<Row>& rows, const StepSamples& a, const StepSamples& b) const {
    const auto sums_a = sums(a, known_vendor(a_), a_.trials.size());
    const auto sums_b = sums(b, known_vendor(b_), b_.trials.size());
    std::set<exits::Category> all;
    for (const auto* side : {&sums_a, &sums_b})
      for (const auto& [category, sum] : *side) all.insert(category);
    const auto first = static_cast<std::ptrdiff_t>(rows.size());
    for (const exits::Category category : all) {
      Row entry = base_;
      entry.kind = Row::Kind::category;
      entry.name = to_string(category);
      entry.category = category;
      const auto in = [&](const auto& side, std::size_t trials) {
        const auto found = side.find(category);
        return found == side.end() ? Counts(trials) : found->second;
      };
      rows.push_back(row(entry, in(sums_a, a_.trials.size()), in(sums_b, b_.trials.size())));
    }
    std::ranges::stable_sort(rows.begin() + first, rows.end(), std::greater(), most);
  }

  static std::map<exits::Category, Counts> sums(const StepSamples& step, exits::Vendor vendor,
                                                std::size_t trials) {
    std::map<exits::Category, Counts> all;
    for (const auto& [number, column] : step.reasons) {
      Counts& sum = all.try_emplace(exits::reason_category(vendor, number), trials).first->second;
      for (std::size_t i = 0; i < trials; ++i) sum[i] += column[i];
    }
    return all;
  }

  static double most(const Row& row) { return std::max(row.a.median, row.b.median); }

  static double typical_large(const Counts& a, const Counts& b) {
    Counts all = a;
    all.insert(all.end(), b.begin(), b.end());
    std::ranges::sort(all, std::greater());
    return static_cast<double>(all[(std::min(a.size(), b.size()) - 1) / 2]);
  }

  Row row(Row entry, const Counts& a, const Counts& b) const {
    entry.large = typical_large(a, b);
    entry.most = static_cast<double>(std::max(std::ranges::max(a), std::ranges::max(b)));
    return comparison_.exact ? exact_row(std::move(entry), a, b)
                             : tested_row(std::move(entry), a, b);
  }

  Row exact_row(Row entry, const Counts& a, const Counts& b) const {
    const auto [left, right] = common(by_repeat(a_, a).value(), by_repeat(b_, b).value());
    entry.differs = left != right;
    entry.a = make_side(to_samples(left), 0);
    entry.b = make_side(to_samples(right), 0);
    entry.a.interval = {entry.a.median, entry.a.median, 1};
    entry.b.interval = {entry.b.median, entry.b.median, 1};
    entry.difference = {INFINITY, -INFINITY, 1};
    for (std::size_t i = 0; i < left.size(); ++i) {
      const double change = static_cast<double>(right[i]) - static_cast<double>(left[i]);
      entry.difference.low = std::min(entry.difference.low, change);
      entry.difference.high = std::max(entry.difference.high, change);
    }
    return entry;
  }

  Row tested_row(Row entry, const Counts& a, const Counts& b) const {
    const base::Samples left = to_samples(a), right = to_samples(b);
    entry.a = make_side(left, default_confidence);
    entry.b = make_side(right, default_confidence);
    entry.difference = difference_interval(left.values(), right.values(), default_confidence);
    const bool all_equal = left.least() == left.most() && right.least() == right.most() &&
                           left.least() == right.least();
    if (!all_equal) entry.p = rank_test(left.values(), right.values());
    const auto above = std::ranges::upper_bound(right.values(), left.most());
    entry.beyond = static_cast<std::size_t>(right.values().end() - above);
    if (entry.beyond > 0)
      entry.beyond_median = base::Samples({above, right.values().end()}).median();
    entry.other_run = other_run_interval(by_run(a_, a));
    return entry;
  }

  const Comparison& comparison_;
  const Cell &a_, &b_;
  Row base_;
};

const StepSamples* find_step(const Cell& cell, const StepSamples& like) {
  const auto same = std::ranges::find_if(cell.steps, [&](const StepSamples& step) {
    return step.step == like.step && step.guest == like.guest;
  });
  return same == cell.steps.end() ? nullptr : &*same;
}

std::vector<std::string> steps_only_in(const Cell& cell, const Cell& other) {
  std::vector<std::string> names;
  for (const StepSamples& step : cell.steps)
    if (!find_step(other, step)) names.push_back(step.step);
  return names;
}

bool have_a_common_repeat(const Cell& a, const Cell& b) {
  return std::ranges::any_of(a.trials, [&](const Trial& trial) {
    return std::ranges::find(b.trials, trial.repeat, &Trial::repeat) != b.trials.end();
  });
}

const StepSamples* find_step(const Cell& cell, const Row& row) {
  return find_step(cell, StepSamples{.step = row.step, .guest = row.guest});
}

bool is_only_one(const std::vector<Cell>& cells, const std::string& scenario) {
  return std::ranges::count(cells, scenario, &Cell::scenario) == 1;
}

}  // namespace

bool Row::is_more() const {
  if (intermittent) return true;
  if (change() != 0) return change() > 0;
  return difference.high >= -difference.low;
}

bool Row::is_like_another_run() const {
  const double seen = intermittent ? beyond_median : b.median;
  return other_run && seen >= other_run->low && seen <= other_run->high;
}

std::optional<double> Row::share() const {
  if (!(a.median > 0)) return std::nullopt;
  return change() / a.median;
}

std::string Row::subject() const {
  return guest > 1 ? fmt::format("{} of guest {}'s {}", name, guest, step)
                   : fmt::format("{} of {}", name, step);
}

Comparison compare(const Cell& a, const Cell& b) {
  Comparison result{.scenario = a.scenario,
                    .a_name = a.name,
                    .b_name = b.name,
                    .site = record::find_condition(b.conditions, "site"),
                    .a_trials = a.trials.size(),
                    .b_trials = b.trials.size(),
                    .conditions = differences(a.conditions, b.conditions),
                    .only_a = steps_only_in(a, b),
                    .only_b = steps_only_in(b, a)};
  if (record::is_deterministic(a.conditions) && record::is_deterministic(b.conditions)) {
    for (const Cell* cell : {&a, &b})
      for (const std::string& what : unsteady(*cell)) result.note = what;
    result.exact = result.note.empty() && have_a_common_repeat(a, b);
  }
  StepRows rows(result, a, b);
  for (const StepSamples& step : a.steps)
    if (const StepSamples* other = find_step(b, step))
      std::ranges::move(rows.make(step, *other), std::back_inserter(result.rows));
  return result;
}

std::vector<std::string> unsteady(const Cell& cell) {
  std::vector<std::string> found;
  for (const StepSamples& step : cell.steps) {
    bool steady = by_repeat(cell, step.total).has_value();
    for (const auto& [number, column] : step.reasons) steady &= by_repeat(cell, column).has_value();
    if (!steady)
      found.push_back(
          fmt::format("trials of {} with the same number have other counts of {}: no "
                      "exact comparison",
                      cell.name, step.step));
  }
  return found;
}

Counts row_counts(const Cell& cell, const Row& row) {
  const StepSamples* step = find_step(cell, row);
  if (step == nullptr) return {};
  if (row.kind == Row::Kind::total) return step->total;
  Counts sum(cell.trials.size());
  for (const auto& [number, column] : step->reasons) {
    const bool is_part = row.kind == Row::Kind::reason
                             ? number == row.number
                             : exits::reason_category(known_vendor(cell), number) == row.category;
    for (std::size_t i = 0; is_part && i < sum.size(); ++i) sum[i] += column[i];
  }
  return sum;
}

void weigh_runs(std::span<Row* const> rows, const Cell& a) {
  std::vector<std::vector<std::vector<double>>> runs;
  base::Samples ratios;
  for (const Row* row : rows) {
    runs.push_back(by_run(a, row_counts(a, *row)));
    if (const auto ratio = run_ratio(runs.back())) ratios.add(*ratio);
  }
  const double usual = ratios.size() == 0 ? 1 : std::max(1.0, ratios.median());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i]->runs = run_spread(runs[i], usual);
}

void test_beyond(Row& row, const Comparison& comparison) {
  if (row.p) row.beyond_p = exceedance_p(comparison.a_trials, comparison.b_trials, row.beyond);
}

std::size_t correct(std::span<Row* const> rows, double alpha) {
  std::vector<double> p;
  for (const Row* row : rows)
    for (const auto& one : {row->p, row->beyond_p})
      if (one) p.push_back(*one);
  const std::vector<double> corrected = holm(p);
  auto next = corrected.begin();
  for (Row* row : rows) {
    if (row->p) row->corrected = *next++;
    if (row->beyond_p) row->beyond_corrected = *next++;
    if (!row->p) continue;
    const bool by_rank = *row->corrected < alpha;
    row->intermittent = !by_rank && row->beyond_corrected && *row->beyond_corrected < alpha;
    row->differs = by_rank || row->intermittent;
  }
  return p.size();
}

Pairs pair_up(const std::vector<Cell>& a, const std::vector<Cell>& b) {
  Pairs pairs;
  std::set<const Cell*> taken;
  for (const Cell& cell : a) {
    const auto other = std::ranges::find_if(b, [&](const Cell& candidate) {
      const bool same = candidate.scenario == cell.scenario && candidate.name == cell.name;
      const bool only = candidate.scenario == cell.scenario && is_only_one(a, cell.scenario) &&
                        is_only_one(b, cell.scenario);
      return !taken.contains(&candidate) && (same || only);
    });
    if (other == b.end()) {
      pairs.only_a.push_back(&cell);
      continue;
    }
    taken.insert(&*other);
    pairs.pairs.push_back({&cell, &*other});
  }
  for (const Cell& cell : b)
    if (!taken.contains(&cell)) pairs.only_b.push_back(&cell);
  return pairs;
}

std::vector<Comparison> compare_all(const Pairs& pairs, double alpha) {
  std::vector<Comparison> comparisons;
  for (const Pair& pair : pairs.pairs) comparisons.push_back(compare(*pair.a, *pair.b));
  std::vector<Row*> rows;
  for (Comparison& comparison : comparisons)
    for (Row& row : comparison.rows) rows.push_back(&row);
  correct(rows, alpha);
  return comparisons;
}

}  // namespace lab::check
