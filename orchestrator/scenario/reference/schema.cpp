// SPDX-License-Identifier: MIT
#include <spdlog/fmt/fmt.h>

#include "orchestrator/scenario/keys/scenario_keys.hpp"
#include "orchestrator/scenario/keys/step_keys.hpp"
#include "orchestrator/scenario/plans/draft.hpp"
#include "orchestrator/scenario/reference/reference.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

using json = nlohmann::ordered_json;  // in the tables' order

// Returns whether the rule itself says what is allowed, to a program and to a reader of its
// message.
bool speaks(const Form& form) {
  return form.type == Form::Type::words || form.type == Form::Type::number ||
         form.type == Form::Type::special || form.type == Form::Type::keys;
}

template <typename Key>
std::string description(const Key& key) {
  std::string text = plain_text(key.meaning);
  const std::string otherwise = plain_text(default_text(key));
  if (!speaks(key.form))
    text += (text.empty() ? "" : ". Allowed: ") + plain_text(allowed_text(key));
  if (!key.otherwise.starts_with(required_key) && !otherwise.empty())
    text += ". Default: " + otherwise;
  if (!text.empty()) text[0] = char(std::toupper(text[0]));
  return text;
}

json described(const std::string& text, json rule) {
  json whole = {{"description", text}};
  if (rule.contains("$ref")) rule = {{"allOf", {std::move(rule)}}};
  for (auto& [keyword, value] : rule.items()) whole[keyword] = std::move(value);
  return whole;
}

template <typename Key>
json described_key(const Key& key) {
  return described(description(key), value_rule(key));
}

json closed_map(json properties, const std::vector<std::string_view>& required = {}) {
  json map = {{"type", "object"}, {"additionalProperties", false}};
  map["properties"] = std::move(properties);
  if (!required.empty()) map["required"] = required;
  return map;
}

json list_rule(json items, std::size_t most) {
  return {{"type", "array"}, {"minItems", 1}, {"maxItems", most}, {"items", std::move(items)}};
}

const std::string parameter_pattern = "[a-z0-9_]{1,64}$";

json cell_rule() {
  json properties = {{"paging", reference("kvm.paging")}};
  for (const Setting& setting : settings_table())
    properties[std::string(setting.key)] = reference(setting.key);
  json map = closed_map(properties);
  map["minProperties"] = 1;
  map["patternProperties"]["^kvm\\.parameters\\." + parameter_pattern] = reference("parameter");
  return described("Settings by their dotted keys", map);
}

json matrix_rule() {
  const json cells = or_null(list_rule(reference("cell"), matrix_list_limit));
  json properties = {{"exclude", described("Combinations that are left out", cells)},
                     {"include", described("Cells besides, with any settings", cells)}};
  const auto axis = [](std::string_view definition) {
    return or_null(list_rule(reference(definition), axis_limit));
  };
  properties["paging"] = axis("kvm.paging");
  for (const Setting& setting : settings_table())
    properties[std::string(setting.key)] = axis(setting.key);
  json map = closed_map(properties);
  map["patternProperties"]["^kvm\\.parameters\\." + parameter_pattern] = axis("parameter");
  return map;
}

json parameters_rule() {
  json map = {
      {"type", "object"}, {"maxProperties", parameters_limit}, {"additionalProperties", false}};
  map["patternProperties"]["^" + parameter_pattern] = or_null(reference("parameter"));
  return map;
}

json floors_rule() {
  json properties = {{"total", reference("floor")}};
  for (const std::string_view word : exits::category_words)
    properties[std::string(word)] = reference("floor");
  json map = closed_map(properties);
  map["maxProperties"] = floors_limit;
  map["patternProperties"]["^[A-Za-z0-9_ -]{1,64}$"] = reference("floor");
  return map;
}

json special_rule(std::string_view key) {
  if (key == "version") return {{"const", 1}};
  if (key == "matrix") return matrix_rule();
  if (key == "kvm.parameters") return parameters_rule();
  if (key == "steps") return list_rule(reference("step"), steps_limit);
  if (key == "expect") return list_rule(reference("expect"), expect_limit);
  return floors_rule();
}

std::string_view group_meaning(std::string_view group) {
  static const std::map<std::string_view, std::string_view> meanings = {
      {"guest", "The VM whose exits are counted"},
      {"guest.cpu", "The processor"},
      {"guest.disk", "The image's disk"},
      {"guest.scratch", "One more, empty disk"},
      {"guest.nic", "The network card"},
      {"host", "The outer VM"},
      {"kvm", "The outer VM's KVM"},
      {"timeouts", "Time limits"}};
  return meanings.at(group);
}

// Returns the properties of the map `group`, or of the whole scenario; settings are references.
json properties_in(const std::string& group) {
  json properties = json::object();
  for (const std::string_view name : keys_in(group)) {
    const std::string key = group.empty() ? std::string(name) : group + "." + std::string(name);
    const auto other = std::ranges::find(scenario_keys(), key, &ScenarioKey::key);
    json rule;
    if (other != scenario_keys().end()) {
      const bool special = other->form.type == Form::Type::special;
      rule = described(description(*other), special ? special_rule(key) : value_rule(*other));
    } else if (is_setting(key)) {
      rule = reference(key);
    } else {
      rule = described(std::string(group_meaning(key)), closed_map(properties_in(key)));
    }
    const bool never_null = key == "version" || key == "extends";
    properties[std::string(name)] = never_null ? rule : or_null(rule);
  }
  return properties;
}

json map_rule(std::span<const StepKey> keys) {
  json properties = json::object();
  std::vector<std::string_view> required;
  for (const StepKey& key : keys) {
    json rule = key.form.type == Form::Type::special
                    ? described(description(key), map_rule(pin_keys()))
                    : described_key(key);
    if (key.key == "until")
      rule = described(description(key), {{"oneOf", {value_rule(key), map_rule(until_keys())}}});
    properties[std::string(key.key)] = rule;
    if (key.otherwise == required_key) required.push_back(key.key);
  }
  return closed_map(properties, required);
}

json host_step() {
  json map = map_rule(step_form(StepKind::host).keys), one_of = json::array();
  const json allowed = map_rule(host_actions());
  for (const auto& [key, rule] : allowed["properties"].items()) {
    map["properties"][key] = rule;
    one_of.push_back({{"required", {key}}});
  }
  map["oneOf"] = one_of;
  return map;
}

json step_kind_rule(StepKind kind) {
  const StepForm& form = step_form(kind);
  json map = kind == StepKind::host ? host_step() : map_rule(form.keys);
  if (form.may_be_empty) map = {{"oneOf", {json{{"type", "null"}}, map}}};
  if (form.alone) map = {{"oneOf", {value_rule(*form.alone), map}}};
  std::string text = plain_text(form.meaning);
  if (!form.place.empty()) text += fmt::format("; {}", form.place);
  text[0] = char(std::toupper(text[0]));
  return described(text, map);
}

json step_rule() {
  json properties = json::object();
  for (std::size_t kind = 0; kind < words_of<StepKind>.size(); ++kind)
    properties[std::string(to_string(StepKind(kind)))] = step_kind_rule(StepKind(kind));
  json map = closed_map(properties);
  map["minProperties"] = map["maxProperties"] = 1;
  return map;
}

json needs(std::string_view key) {
  return {{"required", {key}}};
}

// A bound on a ratio may have decimals; one on a count may not.
json expect_rule() {
  json properties = json::object();
  for (const KeyInfo& key : expect_keys()) {
    json rule = value_rule(key);
    if (key.form.type == Form::Type::special) rule = reference("cell");
    if (key.key == "category") rule = words_rule(exits::category_words);
    if (key.form.type == Form::Type::number) rule["type"] = "number";
    properties[std::string(key.key)] = described(description(key), rule);
  }
  json entry = closed_map(properties, {"step"});
  entry["allOf"] = {{{"anyOf", {needs("min"), needs("max")}}},
                    {{"not", {{"required", {"reason", "category"}}}}}};
  const json most = {{"maximum", most_factor}}, whole = {{"type", "integer"}};
  entry["oneOf"] = {{{"required", {"of", "to"}},
                     {"not", {{"anyOf", {needs("per"), needs("where"), needs("cause")}}}},
                     {"properties", {{"min", most}, {"max", most}}}},
                    {{"not", {{"anyOf", {needs("of"), needs("to")}}}},
                     {"properties", {{"min", whole}, {"max", whole}}}}};
  return entry;
}

json floor_rule() {
  const json share = {{"type", "string"},
                      {"pattern", "^(ignore|0*(1000(\\.0+)?|[0-9]{1,3}(\\.[0-9]+)?) ?%)$"}};
  return described("0 % (every change matters) to 1000 %, or ignore (none does)", or_null(share));
}

json definitions() {
  json all = {{"name", {{"type", any_text}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}}},
              {"duration", quantity(std::span(time_units).subspan(1))},
              {"milliseconds", quantity(time_units)},
              {"floor", floor_rule()},
              {"parameter", {{"type", any_text}, {"pattern", "^[!#-~]{1,128}$"}}}};
  for (const Setting& setting : settings_table())
    all[std::string(setting.key)] = described_key(setting);
  all["cell"] = cell_rule();
  all["step"] = step_rule();
  all["expect"] = expect_rule();
  return all;
}

}  // namespace

std::string schema_text() {
  json whole = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"$id", "https://lab.invalid/scenario.schema.json"},
      {"$comment",
       "SPDX-License-Identifier: MIT. Made from the loader's tables, see CONTRIBUTING.md. Where "
       "maps are merged by `extends`, null removes a key."},
      {"title", "lab scenario"}};
  const json top = closed_map(properties_in(""));
  for (const auto& [keyword, value] : top.items()) whole[keyword] = value;
  whole["if"] = needs("extends");
  whole["else"] = {{"required", {"version", "name", "steps"}}};
  whole["definitions"] = definitions();
  return whole.dump(2) + "\n";
}

}  // namespace lab::scenario
