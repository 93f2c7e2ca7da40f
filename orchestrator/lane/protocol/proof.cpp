// SPDX-License-Identifier: MIT
#include "orchestrator/lane/protocol/proof.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/base/error.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::lane {
namespace {

constexpr const char* known_scenario = R"(version: 1
name: known-trial
image: tiny
exact: true
guest: {memory: 256 MiB}
steps:
  - boot: {until: reader}
)";

std::map<std::uint32_t, std::uint64_t> exits_by_number(const record::Step& step) {
  std::map<std::uint32_t, std::uint64_t> exits;
  for (const record::Reason& reason : step.reasons) exits[reason.number] = reason.exits;
  return exits;
}

std::string step_difference(const record::Step& step, const record::Step* reference) {
  if (reference == nullptr) return step.name + ": a step that the other does not have";
  if (step.exits != reference->exits)
    return fmt::format("{}: {} and {} exits", step.name,
                       step.exits ? std::to_string(*step.exits) : "no count of",
                       reference->exits ? std::to_string(*reference->exits) : "no count of");
  if (exits_by_number(step) != exits_by_number(*reference))
    return step.name + ": the same exits altogether, but for other reasons";
  return "";
}

// Returns the conditions that affect counts and differ; "" where only the counts differ.
std::string condition_differences(const record::Conditions& one, const record::Conditions& other) {
  const record::Conditions a = record::comparable(one), b = record::comparable(other);
  std::string words;
  for (const std::string_view key : record::condition_order()) {
    const std::string left = record::find_condition(a, key), right = record::find_condition(b, key);
    if (left == right || record::is_only_told(key)) continue;
    words += fmt::format("{}{} '{}' and '{}'", words.empty() ? "; " : ", ", key, left, right);
  }
  return words;
}

}  // namespace

scenario::TrialPlan known_trial() {
  return scenario::expand(scenario::parse(known_scenario, "the known trial")).front();
}

std::string difference(const record::Record& record, const std::string& node,
                       const record::Record& reference, const std::string& reference_node) {
  std::string found;
  if (record.steps.size() != reference.steps.size()) found = "the numbers of steps";
  for (std::size_t i = 0; found.empty() && i < record.steps.size(); ++i)
    found = step_difference(record.steps[i], &reference.steps[i]);
  if (found.empty()) return "";
  return fmt::format("{} and {} differ in {}{}", node, reference_node, found,
                     condition_differences(record.conditions, reference.conditions));
}

NodeProof::State NodeProof::state(const std::string& node) const {
  const auto found = states_.find(node);
  return found == states_.end() ? State::unknown : found->second;
}

std::string NodeProof::judge(const std::string& node, const record::Record& record) {
  if (record.outcome != record::Outcome::passed)
    throw base::infrastructure_error("the known trial " +
                                     std::string(record::to_string(record.outcome)) + ": " +
                                     record.message);
  if (!reference_) {
    reference_ = record;
    reference_node_ = node;
  }
  std::string found = difference(record, node, *reference_, reference_node_);
  states_[node] = found.empty() ? State::known : State::different;
  return found;
}

}  // namespace lab::lane
