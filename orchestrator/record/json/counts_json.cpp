// SPDX-License-Identifier: MIT
#include "orchestrator/record/counts.hpp"

#include "orchestrator/base/json.hpp"
#include "orchestrator/record/json/json_fields.hpp"

namespace lab::record {
namespace {

using Reasons = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

ordered_json reasons_json(const Reasons& reasons) {
  ordered_json flat = ordered_json::array();
  for (const auto& [number, exits] : reasons) {
    flat.push_back(number);
    flat.push_back(exits);
  }
  return flat;
}

Reasons reasons_from(const ordered_json& object) {
  const ordered_json& flat = list(object, "reasons");
  if (flat.size() % 2 != 0) fail("'reasons' has a number without its exits");
  Reasons reasons;
  reasons.reserve(flat.size() / 2);
  for (std::size_t i = 0; i < flat.size(); i += 2)
    reasons.emplace_back(std::uint32_t(count(flat[i], "reasons", UINT32_MAX)),
                         count(flat[i + 1], "reasons"));
  return reasons;
}

StepCounts step_counts_from(const ordered_json& object) {
  return {.step = text(object, "step"),
          .guest = std::uint32_t(count_between(object, "guest", 1, guest_limit)),
          .exits = need_count(object, "exits"),
          .reasons = reasons_from(object)};
}

}  // namespace

std::string counts_to_json(const TrialCounts& counts) {
  ordered_json object = {{"steps", ordered_json::array()}, {"phases", ordered_json::array()}};
  for (const StepCounts& step : counts.steps)
    object["steps"].push_back({{"step", step.step},
                               {"guest", step.guest},
                               {"exits", step.exits},
                               {"reasons", reasons_json(step.reasons)}});
  for (const PhaseCounts& phase : counts.phases)
    object["phases"].push_back({{"phase", phase.phase}, {"reasons", reasons_json(phase.reasons)}});
  return base::dump_json(object);
}

void counts_from_json(std::string_view json, TrialCounts& counts) {
  const ordered_json object = parse(json);
  for (const ordered_json& step : list(object, "steps"))
    counts.steps.push_back(step_counts_from(step));
  for (const ordered_json& phase : list(object, "phases"))
    counts.phases.push_back({.phase = text(phase, "phase"), .reasons = reasons_from(phase)});
}

std::string conditions_to_json(const Conditions& conditions) {
  ordered_json object = ordered_json::object();
  for (const auto& [key, value] : conditions) object[key] = value;
  return base::dump_json(object);
}

Conditions conditions_from_json(std::string_view json) {
  return conditions_from(parse(json));
}

}  // namespace lab::record
