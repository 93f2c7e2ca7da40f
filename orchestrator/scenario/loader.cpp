// SPDX-License-Identifier: MIT
// From YAML and --set to a Scenario.
#include "orchestrator/scenario/loader.hpp"

#include <spdlog/fmt/fmt.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/scenario/plans/check.hpp"
#include "orchestrator/scenario/plans/matrix.hpp"
#include "orchestrator/scenario/plans/overrides.hpp"
#include "orchestrator/scenario/yaml/expect.hpp"
#include "orchestrator/scenario/yaml/floors.hpp"
#include "orchestrator/scenario/yaml/steps.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::size_t file_limit = 1024 * 1024;

void read_version(const Node& node) {
  if (node.kind == Node::Kind::scalar && node.text == "1") return;
  fail(node.where, fmt::format("version must be 1, not {}", in_quotes(node.text)),
       "a scenario of another version needs another lab");
}

void read_settings(Draft& draft, const MapReader& map) {
  for (const std::string key : {"image", "samples", "exact"}) {
    const Node* value = map.find(key);
    if (!value) continue;
    apply_setting(draft.scenario.settings, key, *value);
    draft.said[key] = {value->text, value->where};
  }
  for (const std::string group : {"guest", "host", "kvm"}) {
    const Node* value = map.find(group);
    if (value) apply_settings(draft.scenario.settings, group, *value, draft.said);
  }
}

void read_numbers(Scenario& scenario, const MapReader& map) {
  if (const Node* repeat = map.find("repeat")) {
    scenario.repeat = std::uint32_t(read_integer(*repeat, "repeat", 1, 10000));
  }
  if (const Node* warmup = map.find("warmup")) {
    scenario.warmup = std::uint32_t(read_integer(*warmup, "warmup", 0, 100));
  }
  if (const Node* timeouts = map.find("timeouts")) read_timeouts(scenario.timeouts, *timeouts);
}

Draft read_draft(const Node& root, const std::string& file) {
  // `extends` is gone when this is read; it is named for the remedy's list.
  const MapReader map(
      root, "scenario",
      {"version", "name", "description", "extends", "image", "guest", "host", "kvm", "samples",
       "exact", "matrix", "repeat", "warmup", "timeouts", "steps", "expect", "floors"});
  read_version(map.need("version"));
  Draft draft;
  draft.place = root.where;
  draft.scenario.file = file;
  draft.scenario.name = read_name(map.need("name"), "name");
  if (const Node* text = map.find("description")) {
    draft.scenario.description = read_text(*text, "description", 4096);
  }
  read_settings(draft, map);
  if (const Node* matrix = map.find("matrix")) read_matrix(draft, *matrix);
  read_numbers(draft.scenario, map);
  const Node& steps = map.need("steps");
  draft.scenario.steps = read_steps(steps);
  for (const Node& item : steps.items) draft.step_places.push_back(item.where);
  if (const Node* expect = map.find("expect")) read_expect(draft, *expect);
  if (const Node* floors = map.find("floors")) draft.scenario.floors = read_floors(*floors);
  return draft;
}

std::string read_scenario_file(const std::string& file) {
  return base::read_file(file, file_limit);
}

}  // namespace

void read_timeouts(Timeouts& timeouts, const Node& node) {
  const MapReader map(node, "timeouts", {"trial", "boot", "step", "shutdown"});
  for (const Entry& entry : node.entries) {
    *timeout_of(timeouts, entry.key) = read_duration(entry.value, "timeouts." + entry.key);
  }
}

Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides, const ReadFile& read) {
  Draft draft = read_draft(parse_with_bases(yaml, file, read), file);
  for (const std::string& text : overrides) apply_override(draft, text);
  check(draft);  // only now: --set may have mended it
  return std::move(draft.scenario);
}

Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides) {
  return parse(yaml, file, overrides, read_scenario_file);
}

Scenario load(const std::string& file, const std::vector<std::string>& overrides) {
  std::string text;
  try {
    text = read_scenario_file(file);
  } catch (const base::Error& error) {
    throw base::user_error(error.what(), "see scenarios/ for those that come with lab");
  }
  return parse(text, file, overrides);
}

}  // namespace lab::scenario
