// SPDX-License-Identifier: MIT
#include "orchestrator/record/json/json_fields.hpp"

#include <algorithm>

#include "orchestrator/base/json.hpp"

namespace lab::record {
namespace {

ordered_json cause_json(const Cause& cause, std::string_view reason) {
  ordered_json object = {{"number", cause.number},
                         {"reason", reason},
                         {"detail", cause.detail},
                         {"place", cause.place},
                         {"exits", cause.exits}};
  if (cause.cycles) object["cycles"] = *cause.cycles;
  return object;
}

std::string cause_text(const ordered_json& object, const char* name) {
  std::string value = text(object, name);
  if (value.size() > longest_cause_text)
    fail("a cause's '" + std::string(name) + "' has " + std::to_string(value.size()) +
         " bytes, more than " + std::to_string(longest_cause_text));
  if (!std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; }))
    fail("a cause's '" + std::string(name) + "' is not printable ASCII");
  return value;
}

// The reason's name comes from the step.
Cause cause_from(const ordered_json& object) {
  return {.number = need_number(object, "number"),
          .detail = cause_text(object, "detail"),
          .place = cause_text(object, "place"),
          .exits = need_count(object, "exits"),
          .cycles = optional_count(object, "cycles")};
}

}  // namespace

void write_causes(const Step& step, ordered_json& object) {
  for (const Cause& cause : step.causes)
    object["causes"].push_back(cause_json(cause, name_of_reason(step, cause.number)));
  for (const CausesLost& lost : step.causes_lost)
    object["causes_lost"].push_back({{"number", lost.number}, {"exits", lost.exits}});
}

void read_causes(const ordered_json& object, Step& step) {
  if (find(object, "causes"))
    for (const ordered_json& cause : list(object, "causes", most_causes))
      step.causes.push_back(cause_from(cause));
  if (find(object, "causes_lost"))
    for (const ordered_json& lost : list(object, "causes_lost", most_causes))
      step.causes_lost.push_back({need_number(lost, "number"), need_count(lost, "exits")});
  if (const auto problem = causes_problem(step)) fail(*problem);
}

std::size_t json_size(const Cause& cause, std::string_view reason) {
  return base::dump_json(cause_json(cause, reason)).size() + 1;
}

}  // namespace lab::record
