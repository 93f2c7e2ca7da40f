// SPDX-License-Identifier: MIT
#include "orchestrator/check/gate.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace lab::check {
namespace {

constexpr std::size_t most_new_trials =
    100;  // to a baseline with too few, no number of new ones helps

// The scenario's own floor for the row: the reason's before its category's.
const scenario::Floor* own_floor(const Row& row, const Floors& floors, exits::Vendor vendor) {
  const scenario::Floor* of_category = nullptr;
  for (const scenario::Floor& floor : floors.own) {
    if (floor.category) {
      if (row.kind != Row::Kind::total && floor.category == row.category) of_category = &floor;
    } else if (row.kind == Row::Kind::total
                   ? floor.reason == "total"
                   : exits::parse_reason(vendor, floor.reason) == std::optional(row.number)) {
      return &floor;
    }
  }
  return of_category;
}

// A floor of nothing: whatever differs matters.
bool reaches(double change, double floor, double of) {
  return change > 0 && change >= floor * of;
}

const Floors& floors_of(const GateOptions& options, const std::string& scenario) {
  static const Floors usual;
  const auto own =
      std::ranges::find(options.floors, scenario, &std::pair<std::string, Floors>::first);
  return own == options.floors.end() ? usual : own->second;
}

// The row's own count in a phase: of a reason, or of all together.
double median_in(const PhaseSamples& phase, const Row& row) {
  double median = 0;
  for (const auto& [number, column] : phase.reasons)
    if (row.kind == Row::Kind::total || number == row.number) median += samples_of(column).median();
  return median;
}

// Where most of a boot's change lies, by the timelines' medians.
std::string where_of(const Row& row, const Cell& a, const Cell& b) {
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

// Judges one cell beside its baseline.
class CellGate {
 public:
  CellGate(const Pair& pair, const GateOptions& options)
      : a_(*pair.a),
        b_(*pair.b),
        options_(options),
        floors_(floors_of(options, a_.scenario)),
        vendor_(vendor_of(b_)) {
    judgement_.comparison = compare(a_, b_);
    for (Row& row : judgement_.comparison.rows)
      if (is_judged(row, floors_, vendor_)) judged_.push_back(&row);
    find_obstacles();
  }

  // What is tested; nothing where it could not mean anything.
  std::vector<Row*> rows() const { return comparable_ ? judged_ : std::vector<Row*>(); }

  // `tests`: of the whole check. After correct().
  CellJudgement judge(std::size_t tests) && {
    if (!comparable_) return std::move(judgement_);
    for (const Row* row : judged_)
      if (row->differs && matters(*row, floors_, vendor_)) add(*row);
    for (auto* findings : {&judgement_.regressions, &judgement_.improvements})
      std::ranges::stable_sort(*findings, std::greater(), [](const Finding& finding) {
        return std::abs(finding.row.change());
      });
    check_samples(tests);
    return std::move(judgement_);
  }

 private:
  void find_obstacles() {
    const Comparison& comparison = judgement_.comparison;
    std::string others;
    for (const Difference& difference : comparison.conditions)
      if (!options_.across.contains(difference.key))
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

  void add(const Row& row) {
    Finding finding{.row = row, .where = where_of(row, a_, b_)};
    const Row* reason = row.kind == Row::Kind::total ? main_reason(row) : &row;
    if (reason && reason->category) finding.cause = likely_cause(*reason->category);
    (row.is_more() ? judgement_.regressions : judgement_.improvements)
        .push_back(std::move(finding));
  }

  // The reason that has changed most in the total's direction.
  const Row* main_reason(const Row& total) const {
    const double sign = total.change() < 0 ? -1 : 1;
    const Row* most = nullptr;
    for (const Row& row : judgement_.comparison.rows) {
      if (row.kind != Row::Kind::reason || row.step != total.step || row.guest != total.guest)
        continue;
      if (sign * row.change() > (most ? sign * most->change() : 0)) most = &row;
    }
    return most;
  }

  // A pass needs trials that could have shown a change; an alarm has shown it.
  void check_samples(std::size_t tests) {
    if (judgement_.comparison.exact || !judgement_.regressions.empty()) return;
    const double least = least_p(a_.trials.size(), b_.trials.size());
    if (least * static_cast<double>(tests) < options_.alpha) return;
    const std::size_t needed = trials_needed(options_.alpha, tests);
    judgement_.cannot_tell.push_back(fmt::format(
        "too few trials: {} of the baseline and {} new ones; {} each would do for {} tests",
        a_.trials.size(), b_.trials.size(), needed, tests));
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

bool matters(const Row& row, const Floors& floors, exits::Vendor vendor) {
  const double sign = row.is_more() ? 1 : -1;
  const double change =
      std::max({std::abs(row.change()), sign * row.difference.low, sign * row.difference.high});
  if (const scenario::Floor* own = own_floor(row, floors, vendor))
    return own->share && reaches(change, *own->share, row.a.median);
  if (reaches(change, floors.total, row.step_total)) return true;
  return row.kind != Row::Kind::total && row.large >= floors.many &&
         reaches(change, floors.reason, row.a.median);
}

bool is_judged(const Row& row, const Floors& floors, exits::Vendor vendor) {
  if (row.kind == Row::Kind::category) return false;
  if (const scenario::Floor* own = own_floor(row, floors, vendor)) return own->share.has_value();
  return row.kind == Row::Kind::total || row.large >= floors.many ||
         row.large >= floors.total * row.step_large;
}

Judgement Verdict::judgement() const {
  const auto any = [&](auto member) {
    return std::ranges::any_of(cells,
                               [&](const CellJudgement& cell) { return !(cell.*member).empty(); });
  };
  if (any(&CellJudgement::regressions)) return Judgement::regressed;
  if (cells.empty() || !cannot_tell.empty() || any(&CellJudgement::cannot_tell))
    return Judgement::cannot_tell;
  return Judgement::passed;
}

Verdict judge(const std::vector<Cell>& baseline, const std::vector<Cell>& trials,
              const GateOptions& options) {
  const Pairs pairs = pair_up(baseline, trials);
  Verdict verdict;
  for (const Cell* cell : pairs.only_a)
    verdict.cannot_tell.push_back(cell->name + ": no new trials beside the baseline's");
  for (const Cell* cell : pairs.only_b)
    verdict.cannot_tell.push_back(cell->name + ": not in the baseline");
  std::vector<CellGate> gates;
  gates.reserve(pairs.pairs.size());
  for (const Pair& pair : pairs.pairs) gates.emplace_back(pair, options);
  std::vector<Row*> rows;
  for (const CellGate& gate : gates) std::ranges::copy(gate.rows(), std::back_inserter(rows));
  correct(rows, options.alpha);
  for (CellGate& gate : gates) verdict.cells.push_back(std::move(gate).judge(rows.size()));
  return verdict;
}

Confirmation confirm(const std::vector<Finding>& suspected, const Cell& a, const Cell& b,
                     const GateOptions& options) {
  Confirmation result;
  Comparison comparison = compare(a, b);
  std::vector<Row*> rows;
  for (const Finding& finding : suspected) {
    const auto again = std::ranges::find_if(comparison.rows, [&](const Row& row) {
      return row.kind == finding.row.kind && row.subject() == finding.row.subject();
    });
    if (again == comparison.rows.end())
      result.cannot_tell.push_back(finding.row.subject() + ": no counts of it when tried again");
    else
      rows.push_back(&*again);
  }
  correct(rows, options.alpha);
  const Floors& floors = floors_of(options, a.scenario);
  for (const Row* row : rows) {
    Finding finding{.row = *row, .where = where_of(*row, a, b)};
    if (row->category) finding.cause = likely_cause(*row->category);
    const bool more = row->is_more() && matters(*row, floors, vendor_of(b));
    if (more && row->differs)
      result.confirmed.push_back(std::move(finding));
    else if (more && !comparison.exact)
      result.cannot_tell.push_back(
          fmt::format("{}: suspected, and {} and {} more trials neither "
                      "show it nor show that it is not there",
                      row->subject(), a.trials.size(), b.trials.size()));
    else
      result.refuted.push_back(std::move(finding));
  }
  return result;
}

std::optional<std::size_t> trials_for(const std::vector<Cell>& baseline,
                                      const GateOptions& options) {
  std::size_t tests = 0, fewest = SIZE_MAX;
  bool exact = true;
  for (const Cell& cell : baseline) {
    exact &= record::is_deterministic(cell.conditions);
    fewest = std::min(fewest, cell.trials.size());
    for (const Row& row : compare(cell, cell).rows)
      tests += is_judged(row, floors_of(options, cell.scenario), vendor_of(cell));
  }
  if (exact) return 1;
  // What is new, or has grown, is tested too.
  const double least = options.alpha / static_cast<double>(tests + tests / 4 + 1);
  for (std::size_t n = 2; n <= most_new_trials; ++n)
    if (least_p(fewest, n) < least) return n;
  return std::nullopt;
}

std::size_t trials_needed(double alpha, std::size_t tests) {
  std::size_t n = 1;
  while (least_p(n, n) * static_cast<double>(std::max<std::size_t>(1, tests)) >= alpha) ++n;
  return n;
}

std::string likely_cause(exits::Category category) {
  using exits::Category;
  switch (category) {
    case Category::io:
      return "a device more, or more output on the console (an exit a byte)";
    case Category::page_fault:
      return "shadow paging, smaller or more memory pages touched, or a device's registers (MMIO)";
    case Category::msr:
      return "the clock source, the timer's or the interrupt controller's mode (x2APIC, TSC)";
    case Category::cr_access:
      return "shadow paging, or more switches between processes";
    case Category::dr_access:
      return "a debugger or breakpoints in the guest";
    case Category::interrupt:
      return "timers or devices of the host, or a slower host (exits that come with time)";
    case Category::interrupt_window:
      return "more interrupts for the guest: a device, a timer";
    case Category::idle:
      return "more wake-ups of an idle guest: timers, tickless or not, halt polling";
    case Category::cpuid:
      return "a program or kernel in the guest that asks CPUID more often";
    case Category::exception:
      return "shadow paging, or exceptions that KVM intercepts";
    case Category::hypercall:
      return "paravirtual features (kvm-clock, PV IPIs, PV spinlocks)";
    case Category::tlb:
      return "more address space changes, with shadow paging above all";
    case Category::timer:
      return "the clock source, or the preemption timer";
    case Category::apic:
      return "the interrupt controller's mode: x2APIC off, APICv or AVIC off";
    case Category::descriptor:
      return "descriptor table exits: UMIP's emulation";
    case Category::nested:
      return "a hypervisor in the guest";
    case Category::instruction:
      return "an instruction that KVM began to intercept";
    case Category::failure:
      return "failed entries: a broken guest state";
    case Category::other:
      break;
  }
  return "";
}

}  // namespace lab::check
