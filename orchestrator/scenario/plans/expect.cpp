// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/plans/draft.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/scenario/keys/read_member.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::string_view per_words[] = {"second"};

constexpr KeyInfo entry_keys[] = {
    {"step", a_name, "a step's name", required_key},
    {"reason", text_form(1, 64),
     "`total` (the default), an exit reason's name in any case (`EPT_VIOLATION`, `NPF`, or as "
     "KVM's "
     "tracepoint says it, `npf`) or its number (`48`, `0x400`)"},
    {"category", {}, "instead of a reason, all of one kind, the same for both vendors"},
    {"cause", text_form(1, 256),
     "of the reason, the category or the total, only the causes whose \"detail, place\" (as `lab "
     "causes` prints them) contains this text, in upper and lower case as it is; several are added "
     "up"},
    {"min", number_form(0, UINT64_MAX),
     "at least so many exits, or, with `of` and `to`, times as many; one of `min` and `max`, or "
     "both"},
    {"max", number_form(0, UINT64_MAX), "at most so many exits, or times as many"},
    {"per", word_form(per_words), "the bounds are of exits a second"},
    {"where", {}, "only in the trials whose cell has all of these"},
    {"of",
     {},
     "instead of a bound on each trial, one on two sets of them: the median of these, divided by "
     "the median of those of `to`, lies between `min` and `max` (0 to 1000000000, decimals "
     "allowed); judged after the run"},
    {"to", {}, "the trials by whose median it is divided"},
};

const KeyInfo& info(std::string_view key) {
  return *std::ranges::find(entry_keys, key, &KeyInfo::key);
}

std::string read_step_name(const Scenario& scenario, const Node& node) {
  const std::string name = read_name(node, "step");
  const auto& steps = scenario.steps;
  if (std::ranges::find(steps, name, &Step::name) != steps.end()) return name;
  std::vector<std::string_view> names;
  for (const Step& step : steps) names.push_back(step.name);
  fail(node.where, fmt::format("no step {}{}", in_quotes(name), did_you_mean(name, names)),
       "steps: " + join(names));
}

std::string read_reason(const Node& node) {
  const std::string text = read_text(node, info("reason"));
  if (exits::names_reason(text)) return text;
  fail(node.where,
       fmt::format("no exit reason {}{}", in_quotes(text),
                   did_you_mean(text, exits::reason_words())),
       "total, a name as in EPT_VIOLATION or NPF, or a number");
}

// Reads what both kinds of entries contain: the counts that they are about.
template <typename Entry>
void read_subject(const Scenario& scenario, const MapReader& map, Entry& entry) {
  entry.step = read_step_name(scenario, map.need("step"));
  entry.reason = "total";
  const Node* reason = map.find("reason");
  const Node* category = map.find("category");
  if (reason && category) {
    fail(category->where, "expect has a reason or a category, not both", "write two entries");
  }
  if (reason) entry.reason = read_reason(*reason);
  if (category) {
    entry.category = exits::Category(read_word(*category, "category", exits::category_words));
  }
}

template <typename Entry>
void check_bounds(const Entry& entry, const Node& node) {
  if (!entry.min && !entry.max) fail(node.where, "expect needs min, max or both", "as in max: 100");
  if (entry.min && entry.max && *entry.min > *entry.max) {
    fail(node.where, fmt::format("min {} is above max {}", *entry.min, *entry.max), "swap them");
  }
}

Expectation read_expectation(const Scenario& scenario, const MapReader& map, const Node& node) {
  Expectation expectation;
  read_subject(scenario, map, expectation);
  if (const Node* cause = map.find("cause")) expectation.cause = read_text(*cause, info("cause"));
  if (const Node* per = map.find("per")) {
    expectation.per_second = read_word(*per, info("per")) == 0;
  }
  if (const Node* min = map.find("min")) expectation.min = read_integer(*min, info("min"));
  if (const Node* max = map.find("max")) expectation.max = read_integer(*max, info("max"));
  check_bounds(expectation, node);
  if (const Node* where = map.find("where")) {
    expectation.where = read_part(scenario, *where, "where", true);
  }
  return expectation;
}

Relation read_relation(const Scenario& scenario, const MapReader& map, const Node& node) {
  for (const char* key : {"per", "where", "cause"}) {
    if (const Node* value = map.find(key)) {
      fail(value->where, fmt::format("{} does not go with of and to", key),
           "of and to choose the trials; their counts are compared");
    }
  }
  Relation relation;
  read_subject(scenario, map, relation);
  relation.of = read_part(scenario, map.need("of"), "of", true);
  relation.to = read_part(scenario, map.need("to"), "to", true);
  if (matches(relation.of, relation.to) && matches(relation.to, relation.of)) {
    fail(map.need("to").where, "of and to mean the same trials", "name two different cells");
  }
  if (const Node* min = map.find("min")) relation.min = read_factor(*min, "min");
  if (const Node* max = map.find("max")) relation.max = read_factor(*max, "max");
  check_bounds(relation, node);
  return relation;
}

}  // namespace

std::span<const KeyInfo> expect_keys() {
  return entry_keys;
}

void read_expect(Draft& draft, const Node& node) {
  Scenario& scenario = draft.scenario;
  for (const Node& item : read_list(node, "expect", expect_limit)) {
    const MapReader map(item, "expect", row_keys(entry_keys));
    if (map.find("of") || map.find("to")) {
      scenario.relations.push_back(read_relation(scenario, map, item));
      draft.relation_places.push_back(item.where);
    } else {
      scenario.expect.push_back(read_expectation(scenario, map, item));
      draft.expect_places.push_back(item.where);
    }
  }
}

}  // namespace lab::scenario
