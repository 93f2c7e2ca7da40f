// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/reference/reference.hpp"

#include <spdlog/fmt/fmt.h>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/file_paths.hpp"

namespace lab::scenario {
namespace {

using json = nlohmann::ordered_json;  // in the tables' order

std::string alternatives(std::span<const Unit> units) {
  std::string text;
  for (const Unit& unit : units) text += (text.empty() ? "" : "|") + std::string(unit.name);
  return text;
}

json number_rule(const Form& form) {
  const json number = {{"type", "integer"}, {"minimum", form.min}, {"maximum", form.max}};
  if (form.words.empty()) return number;
  return {{"anyOf", {words_rule(form.words), number}}};
}

json text_rule(const Form& form) {
  json rule = {{"type", any_text}};
  if (form.min != 0) rule["minLength"] = form.min;
  rule["maxLength"] = form.max;
  return rule;
}

json path_rule() {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", longest_path}};
}

json name_or_path(const json& name) {
  const json path = {{"type", "string"}, {"pattern", "/"}, {"maxLength", longest_path}};
  return {{"anyOf", {name, path}}};
}

json kernel_rule() {
  return name_or_path(
      {{"type", {"string", "number"}}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9.+~-]{0,63}$"}});
}

json keys_rule() {
  const std::string key = fmt::format("([a-z0-9]|f[1-9]|f1[0-2]|{})", fmt::join(named_keys, "|"));
  return {{"type", {"string", "integer"}},
          {"pattern", fmt::format("^{}(\\+{}){{0,{}}}$", key, key, pressed_limit - 1)}};
}

json processors_rule() {
  return {{"type", {"string", "integer"}}, {"pattern", "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$"}};
}

}  // namespace

json reference(std::string_view definition) {
  return {{"$ref", fmt::format("#/definitions/{}", definition)}};
}

json or_null(json rule) {
  json whole = json::object();
  if (rule.contains("description")) whole["description"] = rule["description"];
  rule.erase("description");
  if (rule.contains("anyOf")) {
    whole["anyOf"] = std::move(rule["anyOf"]);
    whole["anyOf"].insert(whole["anyOf"].begin(), json{{"type", "null"}});
  } else {
    whole["anyOf"] = json::array({json{{"type", "null"}}, std::move(rule)});
  }
  return whole;
}

json quantity(std::span<const Unit> units, std::span<const std::string_view> instead) {
  const std::string pattern = fmt::format("[0-9]+ ?({})", alternatives(units));
  return {
      {"type", "string"},
      {"pattern", instead.empty() ? fmt::format("^{}$", pattern)
                                  : fmt::format("^({}|{})$", pattern, fmt::join(instead, "|"))}};
}

json words_rule(std::span<const std::string_view> words) {
  json all = json::array();
  for (const std::string_view word : words)
    all.push_back(word == "true" || word == "false" ? json(word == "true") : json(word));
  return {{"enum", all}};
}

json value_rule(const KeyInfo& key) {
  switch (key.form.type) {
    case Form::Type::words:
      return words_rule(key.form.words);
    case Form::Type::number:
      return number_rule(key.form);
    case Form::Type::memory:
      return quantity(memory_units, key.form.words);
    case Form::Type::duration:
      return reference("duration");
    case Form::Type::milliseconds:
      return reference("milliseconds");
    case Form::Type::name:
      return reference("name");
    case Form::Type::text:
    case Form::Type::line:
      return text_rule(key.form);
    case Form::Type::path:
      return path_rule();
    case Form::Type::image:
      return name_or_path(reference("name"));
    case Form::Type::kernel:
      return kernel_rule();
    case Form::Type::features:
      return {{"type", "string"}, {"maxLength", 4096}};
    case Form::Type::processors:
      return processors_rule();
    case Form::Type::keys:
      return keys_rule();
    case Form::Type::nothing:
      return {{"type", "null"}};
    case Form::Type::special:
      break;
  }
  return json::object();
}

}  // namespace lab::scenario
