// SPDX-License-Identifier: MIT
#include "orchestrator/check/gate.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/check/planning.hpp"

namespace lab::check {
namespace {

// Returns the row's median in a phase: of a reason, or of all together.
double median_in(const PhaseSamples& phase, const Row& row) {
  double median = 0;
  for (const auto& [number, column] : phase.reasons)
    if (row.kind == Row::Kind::total || number == row.number) median += to_samples(column).median();
  return median;
}

// Finds the phase with most of a boot's change, by the timelines' medians.
std::string locate_change(const Row& row, const Cell& a, const Cell& b) {
  if (a.steps.empty() || row.step != a.steps.front().step) return "";
  double all = 0, most = 0;
  std::string name;
  for (const PhaseSamples& phase : a.phases) {
    const auto same = std::ranges::find(b.phases, phase.phase, &PhaseSamples::phase);
    if (same == b.phases.end()) continue;
    const double change =
        (median_in(*same, row) - median_in(phase, row)) * (row.change() < 0 ? -1 : 1);
    all += std::max(0.0, change);
    if (change > most) name = phase.phase;
    most = std::max(most, change);
  }
  return name.empty() ? "" : fmt::format("{:.0f} % of it in {}", 100 * most / all, name);
}

// Returns the reason that has changed most in the total's direction.
const Row* main_reason(const Row& total, const Comparison& comparison) {
  const double sign = total.change() < 0 ? -1 : 1;
  const Row* most = nullptr;
  for (const Row& row : comparison.rows) {
    if (row.kind != Row::Kind::reason || row.step != total.step || row.guest != total.guest)
      continue;
    if (sign * row.change() > (most ? sign * most->change() : 0)) most = &row;
  }
  return most;
}

// Returns whether two changes of one step are opposite, and neither is more than twice the other.
bool is_opposite(const Row& more, const Row& fewer) {
  const double ratio = -fewer.change() / more.change();
  return more.step == fewer.step && more.guest == fewer.guest && ratio >= 0.5 && ratio <= 2;
}

// Sets Finding::moved for reasons with more exits in steps whose total has not grown.
void find_moves(CellJudgement& judgement) {
  const auto grew = [&](const Row& row) {
    return std::ranges::any_of(judgement.regressions, [&](const Finding& other) {
      return other.row.kind == Row::Kind::total && other.row.step == row.step &&
             other.row.guest == row.guest;
    });
  };
  for (Finding& finding : judgement.regressions) {
    if (finding.row.kind != Row::Kind::reason || grew(finding.row)) continue;
    for (const Finding& other : judgement.improvements)
      if (other.row.kind == Row::Kind::reason && is_opposite(finding.row, other.row))
        finding.moved = fmt::format("{}: {:+.0f} exits", other.row.subject(), other.row.change());
  }
}

// Returns the cell's name, and its site where others of these have the same name.
std::string name_among(const std::vector<Cell>& cells, const Cell& cell) {
  const auto same = [&](const Cell& other) {
    return other.scenario == cell.scenario && other.name == cell.name;
  };
  const std::string site = record::find_condition(cell.conditions, "site");
  return std::ranges::count_if(cells, same) > 1 && !site.empty() ? cell.name + " on " + site
                                                                 : cell.name;
}

// Judges one cell beside its baseline.
class CellGate {
 public:
  CellGate(const Pair& pair, const GateOptions& options)
      : a_(*pair.a),
        b_(*pair.b),
        options_(options),
        floors_(scenario_floors(options, a_.scenario)),
        vendor_(known_vendor(b_)) {
    judgement_.comparison = compare(a_, b_);
    for (Row& row : judgement_.comparison.rows) {
      if (!is_judged(row, floors_, vendor_)) continue;
      test_beyond(row, judgement_.comparison);
      judged_.push_back(&row);
    }
    if (!judgement_.comparison.exact) weigh_runs(judged_, a_);
    find_obstacles();
  }

  // Returns the rows to test; none where the sides are not comparable.
  std::vector<Row*> rows() const { return comparable_ ? judged_ : std::vector<Row*>(); }

  // Call it after correct(); `tests` counts those of the whole check.
  CellJudgement judge(std::size_t tests) && {
    if (!comparable_) return std::move(judgement_);
    if (judgement_.comparison.exact)
      sort_exact_differences();
    else
      judge_samples(tests);
    for (auto* findings : {&judgement_.regressions, &judgement_.improvements, &judgement_.suspected,
                           &judgement_.below_floor})
      std::ranges::stable_sort(*findings, std::greater(), [](const Finding& finding) {
        return std::abs(finding.row.change());
      });
    find_moves(judgement_);
    return std::move(judgement_);
  }

 private:
  void find_obstacles() {
    const Comparison& comparison = judgement_.comparison;
    std::string others;
    for (const Difference& difference : comparison.conditions)
      if (!options_.across.contains(difference.key) && !record::is_only_told(difference.key))
        others += fmt::format("{}{}: '{}', not '{}'", others.empty() ? "" : "; ", difference.key,
                              difference.b, difference.a);
    if (judged_.empty()) cannot("the scenario's floors leave nothing to judge");
    if (!others.empty()) cannot("other conditions than the baseline's: " + others);
    for (const std::string& step : comparison.only_a) cannot("step " + step + " has no counts");
    for (const std::string& step : comparison.only_b) cannot("the baseline has no step " + step);
  }

  void cannot(const std::string& why) {
    comparable_ = false;
    judgement_.cannot_tell.push_back(why);
  }

  void add(const Row& row, std::vector<Finding>& findings) const {
    findings.push_back(make_finding(row, judgement_.comparison, a_, b_));
  }

  // Exact differences are certain; floors decide which of them fail.
  void sort_exact_differences() {
    for (const Row& row : judgement_.comparison.rows) {
      if (row.kind == Row::Kind::category || !row.differs) continue;
      if (!matters(row, floors_, vendor_))
        add(row, judgement_.below_floor);
      else
        add(row, row.is_more() ? judgement_.regressions : judgement_.improvements);
    }
  }

  void judge_samples(std::size_t tests) {
    for (const Row* row : judged_)
      if (row->differs && matters(*row, floors_, vendor_)) add_shown(*row);
    const double alpha = options_.alpha / static_cast<double>(std::max<std::size_t>(1, tests));
    for (const Row* row : judged_)
      judgement_.resolution.push_back(
          resolve(*row, a_, b_, find_floor(*row, floors_, vendor_).value_or(0), alpha));
    check_samples(tests);
  }

  void add_shown(const Row& row) {
    if (!row.is_like_another_run())
      add(row, row.is_more() ? judgement_.regressions : judgement_.improvements);
    else if (row.is_more())
      add(row, judgement_.suspected);
  }

  // A pass needs enough trials to show a change; an alarm has shown one already.
  void check_samples(std::size_t tests) {
    const std::size_t fewest = std::min(a_.trials.size(), b_.trials.size());
    const double least = least_p(a_.trials.size(), b_.trials.size());
    if (fewest < fewest_for_an_interval || least * static_cast<double>(tests) >= options_.alpha) {
      const std::size_t needed =
          std::max(fewest_for_an_interval, trials_needed(options_.alpha, tests));
      judgement_.cannot_tell.push_back(
          fmt::format("too few trials: {} of the baseline and {} new ones; {} each would do for {}",
                      a_.trials.size(), b_.trials.size(), needed, base::counted(tests, "test")));
      return;
    }
    std::vector<Resolution> others;
    for (const Resolution& one : judgement_.resolution)
      if (!is_among(judgement_.regressions, one.row) && !is_among(judgement_.suspected, one.row))
        others.push_back(one);
    const std::string missed =
        missed_text(others, options_.excluded, a_.trials.size(), b_.trials.size());
    if (!missed.empty()) judgement_.cannot_tell.push_back(missed);
  }

  const Cell &a_, &b_;
  const GateOptions& options_;
  const Floors& floors_;
  exits::Vendor vendor_;
  CellJudgement judgement_;
  std::vector<Row*> judged_;
  bool comparable_ = true;
};

}  // namespace

const Floors& scenario_floors(const GateOptions& options, const std::string& scenario) {
  static const Floors usual;
  const auto own =
      std::ranges::find(options.floors, scenario, &std::pair<std::string, Floors>::first);
  return own == options.floors.end() ? usual : own->second;
}

bool is_among(const std::vector<Finding>& findings, const Row& row) {
  return std::ranges::any_of(
      findings, [&](const Finding& finding) { return finding.row.subject() == row.subject(); });
}

Finding make_finding(const Row& row, const Comparison& comparison, const Cell& a, const Cell& b) {
  Finding finding{.row = row, .where = locate_change(row, a, b)};
  const Row* reason = row.kind == Row::Kind::total ? main_reason(row, comparison) : &row;
  if (reason && reason->category) finding.cause = likely_cause(*reason->category);
  return finding;
}

std::string other_run_text(const Row& row) {
  if (!row.other_run) return "";
  return fmt::format(
      "{}: the baseline's own runs differ, and one more may have {:.0f} … {:.0f} exits: only "
      "trials "
      "of both sides in turn, or a baseline of more runs, can tell",
      row.subject(), std::max(0.0, row.other_run->low), row.other_run->high);
}

Judgement Verdict::judgement() const {
  const auto any = [&](auto member) {
    return std::ranges::any_of(cells,
                               [&](const CellJudgement& cell) { return !(cell.*member).empty(); });
  };
  if (any(&CellJudgement::regressions)) return Judgement::regressed;
  if (cells.empty() || !cannot_tell.empty() || any(&CellJudgement::cannot_tell) ||
      any(&CellJudgement::suspected))
    return Judgement::cannot_tell;
  return Judgement::passed;
}

Verdict judge(const std::vector<Cell>& baseline, const std::vector<Cell>& trials,
              const GateOptions& options) {
  const Pairs pairs = pair_up(baseline, trials);
  Verdict verdict;
  for (const Cell* cell : pairs.only_a)
    verdict.cannot_tell.push_back(name_among(baseline, *cell) +
                                  ": no new trials beside the baseline's");
  for (const Cell* cell : pairs.only_b)
    verdict.cannot_tell.push_back(name_among(trials, *cell) + ": not in the baseline");
  std::vector<CellGate> gates;
  gates.reserve(pairs.pairs.size());
  for (const Pair& pair : pairs.pairs) gates.emplace_back(pair, options);
  std::vector<Row*> rows;
  for (const CellGate& gate : gates) std::ranges::copy(gate.rows(), std::back_inserter(rows));
  const std::size_t tests = correct(rows, options.alpha);
  for (CellGate& gate : gates) verdict.cells.push_back(std::move(gate).judge(tests));
  return verdict;
}

}  // namespace lab::check
