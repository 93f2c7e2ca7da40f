// SPDX-License-Identifier: MIT
#include "orchestrator/record/counts.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "orchestrator/record/rates.hpp"

namespace lab::record {
namespace {

constexpr double most_exits = 0x1p62;  // a timeline out of a file may have exits beyond any integer

StepCounts to_counts(const Step& step) {
  StepCounts counts{.step = step.name, .guest = step.guest, .exits = *step.exits};
  for (const Reason& reason : step.reasons)
    counts.reasons.emplace_back(reason.number, reason.exits);
  std::ranges::sort(counts.reasons);
  return counts;
}

std::vector<PhaseCounts> phase_counts(const Timeline& timeline) {
  std::vector<PhaseCounts> all;
  for (const Stretch& phase : phases(timeline)) {
    PhaseCounts counts{.phase = phase.name};
    for (const auto& [number, exits] : reasons_between(timeline, phase.begin, phase.end))
      counts.reasons.emplace_back(number, std::uint64_t(std::llround(std::min(exits, most_exits))));
    std::ranges::sort(counts.reasons);
    all.push_back(std::move(counts));
  }
  return all;
}

}  // namespace

bool TrialCounts::operator==(const TrialCounts& other) const {
  const auto fields = [](const TrialCounts& counts) {
    return std::tie(counts.id, counts.run, counts.scenario, counts.trial, counts.repeat,
                    counts.outcome, *counts.conditions, counts.steps, counts.phases);
  };
  return fields(*this) == fields(other);
}

TrialCounts to_counts(const Record& record) {
  TrialCounts counts{
      .id = record.id,
      .run = record.run,
      .scenario = record.scenario,
      .trial = record.trial,
      .repeat = record.repeat,
      .outcome = record.outcome,
      .conditions = std::make_shared<const Conditions>(comparable(record.conditions))};
  for (const Step& step : record.steps)
    if (step.exits) counts.steps.push_back(to_counts(step));
  if (record.timeline) counts.phases = phase_counts(*record.timeline);
  return counts;
}

Conditions comparable(Conditions conditions) {
  conditions.erase(std::string(condition::start_time));
  conditions.erase(std::string(condition::repeat));
  if (is_deterministic(conditions)) conditions.erase(std::string(condition::node));
  return conditions;
}

std::string_view cell_name(std::string_view trial) {
  return trial.substr(0, trial.rfind('#'));
}

Row to_row(const Record& record) {
  return {.id = record.id,
          .run = record.run,
          .scenario = record.scenario,
          .trial = record.trial,
          .site = record.site,
          .repeat = record.repeat,
          .outcome = record.outcome,
          .start_time = std::chrono::floor<std::chrono::milliseconds>(record.start_time),
          .exits = record.steps.empty() ? std::nullopt : record.steps.front().exits};
}

}  // namespace lab::record
