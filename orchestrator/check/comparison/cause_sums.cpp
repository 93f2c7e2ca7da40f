// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/cause_sums.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "orchestrator/record/counts.hpp"

namespace lab::check {
namespace {

using record::Record;
using Key = std::tuple<std::uint32_t, std::string, std::string>;  // number, detail, place

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

class Sums {
 public:
  void add_cause(const CauseSum& cause) {
    const auto [at, is_new] = sums_.try_emplace({cause.number, cause.detail, cause.place}, cause);
    if (is_new) return;
    CauseSum& sum = at->second;
    sum.exits = add(sum.exits, cause.exits);
    if (sum.cycles && cause.cycles)
      sum.cycles = add(*sum.cycles, *cause.cycles);
    else
      sum.cycles.reset();
  }

  std::vector<CauseSum> sorted() const {
    std::vector<CauseSum> all;
    for (const auto& [key, sum] : sums_) all.push_back(sum);
    std::ranges::stable_sort(all, std::greater(), &CauseSum::exits);
    return all;
  }

 private:
  std::map<Key, CauseSum> sums_;
};

struct Gathering {
  StepCauses head;
  Sums sums;

  void add_step(const record::Step& step) {
    ++head.trials;
    head.exits = add(head.exits, step.exits.value_or(0));
    for (const record::Cause& cause : step.causes)
      sums.add_cause({cause.number, record::name_of_reason(step, cause.number), cause.detail,
                      cause.place, cause.exits, cause.cycles});
    const std::string lost(lost_causes);
    for (const record::CausesLost& one : step.causes_lost)
      if (one.exits > 0)
        sums.add_cause(
            {one.number, record::name_of_reason(step, one.number), lost, lost, one.exits, {}});
  }
};

bool is_one_cell(const std::vector<StepCauses>& steps) {
  return std::ranges::all_of(steps, [&](const StepCauses& step) {
    return step.scenario == steps.front().scenario && step.cell == steps.front().cell;
  });
}

std::string step_text(const StepCauses& step) {
  return step.step + (step.guest > 1 ? " of guest " + std::to_string(step.guest) + ", " : " of ") +
         step.cell;
}

}  // namespace

std::vector<StepCauses> sum_causes(std::span<const Record> records) {
  std::vector<const Record*> all;
  for (const Record& record : records) all.push_back(&record);
  return sum_causes(all);
}

std::vector<StepCauses> sum_causes(std::span<const Record* const> records) {
  std::vector<Gathering> all;
  for (const Record* of : records)
    for (const Record& record = *of; const record::Step& step : record.steps) {
      if (!record::has_causes(step)) continue;
      const std::string cell(record::cell_name(record.trial));
      const std::string vendor =
          record::find_condition(record.conditions, record::condition::vendor);
      auto found = std::ranges::find_if(all, [&](const Gathering& one) {
        return one.head.scenario == record.scenario && one.head.cell == cell &&
               one.head.step == step.name && one.head.guest == step.guest &&
               one.head.vendor == vendor;
      });
      if (found == all.end())
        found = all.insert(found, {.head = {.scenario = record.scenario,
                                            .cell = cell,
                                            .step = step.name,
                                            .guest = step.guest,
                                            .vendor = vendor,
                                            .emulated = record::is_emulated(record.conditions)}});
      found->add_step(step);
    }
  std::vector<StepCauses> steps;
  for (Gathering& one : all) {
    one.head.causes = one.sums.sorted();
    steps.push_back(std::move(one.head));
  }
  return steps;
}

StepCauses merged(const StepCauses& step, By by) {
  Sums sums;
  for (CauseSum cause : step.causes) {
    if (by == By::detail) cause.place.clear();
    if (by == By::place) cause.detail.clear();
    sums.add_cause(cause);
  }
  StepCauses result = step;
  result.causes = sums.sorted();
  return result;
}

std::vector<CauseChange> cause_changes(const StepCauses& a, const StepCauses& b) {
  std::map<Key, CauseChange> all;
  const auto at = [&](const CauseSum& cause) -> CauseChange& {
    return all
        .try_emplace({cause.number, cause.detail, cause.place},
                     CauseChange{a.step, a.guest, cause.number, cause.reason, cause.detail,
                                 cause.place, 0, 0, false, false})
        .first->second;
  };
  for (const CauseSum& cause : a.causes) {
    CauseChange& change = at(cause);
    change.a = a.a_trial(cause.exits);
    change.in_a = true;
  }
  for (const CauseSum& cause : b.causes) {
    CauseChange& change = at(cause);
    change.b = b.a_trial(cause.exits);
    change.in_b = true;
  }
  std::vector<CauseChange> changes;
  for (auto& [key, change] : all) changes.push_back(std::move(change));
  std::ranges::stable_sort(changes, std::greater(),
                           [](const CauseChange& one) { return std::abs(one.change()); });
  return changes;
}

StepPairs pair_steps(const std::vector<StepCauses>& a, const std::vector<StepCauses>& b) {
  const bool any_cell = is_one_cell(a) && is_one_cell(b);
  const auto belongs = [&](const StepCauses& one, const StepCauses& other) {
    const bool same_cell = one.scenario == other.scenario && one.cell == other.cell;
    return (same_cell || any_cell) && one.step == other.step && one.guest == other.guest &&
           one.vendor == other.vendor;
  };
  StepPairs result;
  for (const StepCauses& step : a) {
    const auto other = std::ranges::find_if(b, [&](const auto& one) { return belongs(step, one); });
    if (other == b.end())
      result.only_a.push_back(step_text(step));
    else
      result.pairs.emplace_back(step, *other);
  }
  for (const StepCauses& step : b)
    if (std::ranges::none_of(a, [&](const auto& one) { return belongs(one, step); }))
      result.only_b.push_back(step_text(step));
  return result;
}

}  // namespace lab::check
