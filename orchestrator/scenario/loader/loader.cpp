// SPDX-License-Identifier: MIT
// Makes a Scenario from YAML and --set.
#include "orchestrator/scenario/loader/loader.hpp"

#include <spdlog/fmt/fmt.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/scenario/keys/scenario_keys.hpp"
#include "orchestrator/scenario/plans/draft.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::size_t file_limit = 1024 * 1024;

void read_version(const Node& node) {
  if (node.kind == Node::Kind::scalar && node.text == "1") return;
  fail(node.where, fmt::format("version must be 1, not {}", in_quotes(node.text)),
       "a scenario of another version needs another lab");
}

void read_scenario_keys(Scenario& scenario, const MapReader& map) {
  for (const ScenarioKey& key : scenario_keys()) {
    const Node* value = key.otherwise == required_key ? &map.need(key.key) : map.find(key.key);
    if (value && key.read) key.read(scenario, key, *value);
  }
  if (const Node* timeouts = map.find("timeouts")) read_timeouts(scenario, *timeouts);
}

void read_settings(Draft& draft, const MapReader& map) {
  for (const std::string_view name : keys_in("")) {
    const std::string key(name);
    const Node* value = map.find(key);
    if (!value) continue;
    if (is_setting(key)) {
      apply_setting(draft.scenario.settings, key, *value);
      draft.said[key] = {value->text, value->where};
    } else if (is_settings_group(key)) {
      apply_settings(draft.scenario.settings, key, *value, draft.said);
    }
  }
}

Draft read_draft(const Node& root, const std::string& file) {
  // `extends` is resolved before this; the list of keys in the remedy names it.
  const MapReader map(root, "scenario", keys_in(""));
  read_version(map.need("version"));
  Draft draft;
  draft.place = root.where;
  draft.scenario.file = file;
  read_scenario_keys(draft.scenario, map);
  read_settings(draft, map);
  if (const Node* matrix = map.find("matrix")) read_matrix(draft, *matrix);
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

Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides, const ReadFile& read,
               const Wanted& wanted) {
  Draft draft = read_draft(parse_with_bases(yaml, file, read), file);
  draft.wanted = wanted;
  for (const std::string& text : overrides) apply_override(draft, text);
  check(draft);  // only now, as --set may have corrected it
  return std::move(draft.scenario);
}

Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides) {
  return parse(yaml, file, overrides, read_scenario_file);
}

Scenario load(const std::string& file, const std::vector<std::string>& overrides,
              const Wanted& wanted) {
  std::string text;
  try {
    text = read_scenario_file(file);
  } catch (const base::Error& error) {
    throw base::user_error(error.what(), "see scenarios/ for those that come with lab");
  }
  return parse(text, file, overrides, read_scenario_file, wanted);
}

}  // namespace lab::scenario
