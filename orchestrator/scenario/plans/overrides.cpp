// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/plans/draft.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/text.hpp"
#include "orchestrator/scenario/keys/scenario_keys.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

const std::string option_place = "--set";

Node override_value(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.where = option_place;
  node.text = std::move(text);
  return node;
}

// Reads "a,b,c" as a whole axis.
Node override_list(const std::string& text) {
  Node list;
  list.kind = Node::Kind::list;
  list.where = option_place;
  for (const std::string_view value : base::split(text, ','))
    list.items.push_back(override_value(std::string(value)));
  return list;
}

// Removes the pairs with `key` that hold from an entry; returns false where one does not hold, as
// the entry then applies to no cell.
template <typename Holds>
bool settle(Cell& part, const std::string& key, const Holds& holds, bool keep) {
  for (auto pair = part.begin(); pair != part.end();) {
    if (pair->first != key) {
      ++pair;
    } else if (!holds(pair->second)) {
      return false;
    } else {
      pair = keep ? pair + 1 : part.erase(pair);
    }
  }
  return true;
}

// Updates every entry that selects cells by `key` after a change of the key's values. `keep`: the
// key is still in the matrix.
template <typename Holds>
void settle_all(Scenario& scenario, const std::string& key, const Holds& holds, bool keep) {
  std::erase_if(scenario.exclude, [&](Cell& part) { return !settle(part, key, holds, keep); });
  std::erase_if(scenario.expect,
                [&](Expectation& entry) { return !settle(entry.where, key, holds, keep); });
  std::erase_if(scenario.relations, [&](Relation& entry) {
    return !settle(entry.of, key, holds, keep) || !settle(entry.to, key, holds, keep);
  });
}

void override_setting(Draft& draft, const std::string& key, const std::string& text) {
  Scenario& scenario = draft.scenario;
  apply_setting(scenario.settings, key, text, option_place);
  draft.said[key] = {text, option_place};
  std::erase_if(scenario.matrix, [&](const Axis& axis) { return axis.key == key; });
  draft.axis_places.erase(key);
  for (Cell& cell : scenario.include) {
    std::erase_if(cell, [&](const auto& pair) { return pair.first == key; });
  }
  const std::string said = text_in(scenario.file, key, override_value(text));
  settle_all(
      scenario, key,
      [&](const std::string& value) { return same_value(scenario.file, key, value, said); }, false);
  draft.narrowed = true;
}

void override_axis(Draft& draft, const std::string& key, const std::string& text) {
  Scenario& scenario = draft.scenario;
  const std::string setting = canonical_key(key);
  if (!is_setting(setting)) {
    fail(option_place, fmt::format("matrix cannot vary {}{}", in_quotes(key), nearest_setting(key)),
         "it can vary: paging, " + setting_keys());
  }
  Axis axis = read_axis(scenario.file, setting, {key, option_place, override_list(text)});
  const auto old = std::ranges::find(scenario.matrix, setting, &Axis::key);
  const auto holds = [values = axis.values](const std::string& value) {
    return std::ranges::find(values, value) != values.end();
  };
  if (old == scenario.matrix.end()) {
    scenario.matrix.push_back(std::move(axis));
  } else {
    *old = std::move(axis);
  }
  draft.axis_places[setting] = option_place;
  settle_all(scenario, setting, holds, true);
  draft.narrowed = true;
}

// Returns the keys besides the settings and "paging", which is short for one.
std::vector<std::string_view> other_keys() {
  std::vector<std::string_view> keys;
  for (const ScenarioKey& key : scenario_keys())
    if (key.by_set) keys.push_back(key.key);
  return keys;
}

// Returns ", did you mean ..." where the key is unknown but similar to one.
std::string nearest_key(std::string_view key) {
  std::vector<std::string_view> keys = other_keys();
  keys.push_back("paging");
  for (const Setting& setting : settings_table()) keys.push_back(setting.key);
  return std::ranges::find(keys, key) == keys.end() ? base::did_you_mean(key, keys) : "";
}

void override_one(Draft& draft, const std::string& key, const std::string& text) {
  Scenario& scenario = draft.scenario;
  const Node value = override_value(text);
  const std::string setting = canonical_key(key);
  if (key.starts_with("matrix.")) {
    override_axis(draft, key.substr(7), text);
  } else if (is_setting(setting)) {
    override_setting(draft, setting, text);
  } else if (const auto other = std::ranges::find(scenario_keys(), key, &ScenarioKey::key);
             other != scenario_keys().end() && other->by_set) {
    other->read(scenario, *other, value);
  } else if (key.starts_with("floors.")) {
    set_floor(scenario.floors, {key.substr(7), option_place, value});
  } else {
    fail(option_place, fmt::format("unknown key {}{}", in_quotes(key), nearest_key(key)),
         "keys: paging, " + setting_keys() + ", matrix.KEY, " + join(other_keys()) +
             ", floors.REASON");
  }
}

}  // namespace

void apply_override(Draft& draft, const std::string& text) {
  if (!base::is_utf8(text)) {
    fail(option_place, in_quotes(text) + " is not valid UTF-8",
         "write it in UTF-8; a file whose name is not needs another name, or a link that has one");
  }
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail(option_place, "expected KEY=VALUE, not " + in_quotes(text) + nearest_key(text),
         "as in --set guest.memory='1 GiB'");
  }
  override_one(draft, text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace lab::scenario
