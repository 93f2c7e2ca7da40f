// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/json_schema_test.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <stdexcept>

namespace lab::scenario {
namespace {

using nlohmann::json;

json scalar(const Node& node) {
  static const std::regex integer("-?[0-9]{1,20}"), number("-?[0-9]+\\.[0-9]*");
  if (!node.plain) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  const bool number_like = std::regex_match(node.text, number);
  if (number_like || std::regex_match(node.text, integer)) {
    try {
      return json::parse(number_like ? node.text + "0" : node.text);
    } catch (const json::exception&) {
      return node.text;  // 007
    }
  }
  return node.text;
}

bool has_type(const json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  return type == "string"    ? value.is_string()
         : type == "number"  ? value.is_number()
         : type == "boolean" ? value.is_boolean()
         : type == "null"    ? value.is_null()
         : type == "array"   ? value.is_array()
                             : value.is_object();
}

const std::regex& compiled(const std::string& pattern) {
  static std::map<std::string, std::regex> cache;
  return cache.try_emplace(pattern, pattern).first->second;
}

class Validator {
 public:
  explicit Validator(const json& root) : root_(root) {}

  std::string run(const json& schema, const json& value, const std::string& path) {
    if (schema.is_boolean()) return schema.get<bool>() ? "" : path + ": not allowed";
    for (const auto& [keyword, rule] : schema.items()) {
      const std::string found = apply(keyword, rule, schema, value, path);
      if (!found.empty()) return found;
    }
    return "";
  }

 private:
  std::size_t count(const json& rules, const json& value, const std::string& path) {
    return std::size_t(std::ranges::count_if(
        rules, [&](const json& rule) { return run(rule, value, path).empty(); }));
  }

  std::string members(const json& schema, const json& value, const std::string& path) {
    static const json none = json::object();
    const json& properties = schema.contains("properties") ? schema["properties"] : none;
    const json& patterns =
        schema.contains("patternProperties") ? schema["patternProperties"] : none;
    for (const auto& [key, member] : value.items()) {
      const std::string below = path + "/" + key;
      bool known = properties.contains(key);
      if (known) {
        if (auto found = run(properties[key], member, below); !found.empty()) return found;
      }
      for (const auto& [pattern, rule] : patterns.items()) {
        if (!std::regex_search(key, compiled(pattern))) continue;
        known = true;
        if (auto found = run(rule, member, below); !found.empty()) return found;
      }
      if (!known && schema.value("additionalProperties", true) == false) return below + ": unknown";
    }
    return "";
  }

  std::string items(const json& rule, const json& value, const std::string& path) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto found = run(rule, value[i], path + "/" + std::to_string(i));
      if (!found.empty()) return found;
    }
    return "";
  }

  std::string apply(const std::string& keyword, const json& rule, const json& schema,
                    const json& value, const std::string& path) {
    const auto verdict = [&](bool good) { return good ? "" : path + ": " + keyword; };
    if (keyword == "$ref") {
      return run(root_.at(json::json_pointer(rule.get<std::string>().substr(1))), value, path);
    }
    if (keyword == "properties" || keyword == "patternProperties" ||
        keyword == "additionalProperties") {
      return value.is_object() ? members(schema, value, path) : "";
    }
    if (keyword == "items") return value.is_array() ? items(rule, value, path) : "";
    if (keyword == "allOf") {
      for (const json& one : rule) {
        if (auto found = run(one, value, path); !found.empty()) return found;
      }
      return "";
    }
    if (keyword == "if") {
      const char* branch = run(rule, value, path).empty() ? "then" : "else";
      return schema.contains(branch) ? run(schema[branch], value, path) : "";
    }
    if (keyword == "anyOf") return verdict(count(rule, value, path) > 0);
    if (keyword == "oneOf") return verdict(count(rule, value, path) == 1);
    if (keyword == "not") return verdict(!run(rule, value, path).empty());
    if (keyword == "const") return verdict(value == rule);
    if (keyword == "enum") return verdict(std::ranges::find(rule, value) != rule.end());
    if (keyword == "type") return verdict(has_any_type(rule, value));
    if (keyword == "required") return verdict(!value.is_object() || has_all(rule, value));
    if (const auto limit = limits().find(keyword); limit != limits().end()) {
      return verdict(limit->second(value, rule));
    }
    if (keyword == "pattern") {
      return verdict(!value.is_string() ||
                     std::regex_search(value.get<std::string>(), compiled(rule)));
    }
    static const std::vector<std::string> silent = {
        "$schema", "$id", "$comment", "title", "then", "description", "else", "definitions"};
    if (std::ranges::find(silent, keyword) == silent.end()) {
      throw std::logic_error("schema keyword " + keyword);
    }
    return "";
  }

  static bool has_any_type(const json& rule, const json& value) {
    if (rule.is_string()) return has_type(value, rule);
    return std::ranges::any_of(rule, [&](const json& type) { return has_type(value, type); });
  }

  static bool has_all(const json& keys, const json& value) {
    return std::ranges::all_of(keys, [&](const json& key) { return value.contains(key); });
  }

  using Limit = std::function<bool(const json& value, const json& limit)>;
  static const std::map<std::string, Limit>& limits() {
    using J = const json&;
    static const std::map<std::string, Limit> all = {
        {"minimum", [](J v, J l) { return !v.is_number() || v >= l; }},
        {"maximum", [](J v, J l) { return !v.is_number() || v <= l; }},
        {"minLength",
         [](J v, J l) { return !v.is_string() || v.get_ref<const std::string&>().size() >= l; }},
        {"maxLength",
         [](J v, J l) { return !v.is_string() || v.get_ref<const std::string&>().size() <= l; }},
        {"minItems", [](J v, J l) { return !v.is_array() || v.size() >= l; }},
        {"maxItems", [](J v, J l) { return !v.is_array() || v.size() <= l; }},
        {"minProperties", [](J v, J l) { return !v.is_object() || v.size() >= l; }},
        {"maxProperties", [](J v, J l) { return !v.is_object() || v.size() <= l; }},
    };
    return all;
  }

  const json& root_;
};

}  // namespace

json to_json(const Node& node) {
  json value;
  switch (node.kind) {
    case Node::Kind::null:
      break;
    case Node::Kind::scalar:
      return scalar(node);
    case Node::Kind::list:
      value = json::array();
      for (const Node& item : node.items) value.push_back(to_json(item));
      break;
    case Node::Kind::map:
      value = json::object();
      for (const Entry& entry : node.entries) value[entry.key] = to_json(entry.value);
      break;
  }
  return value;
}

std::string first_violation(const json& schema, const json& value) {
  return Validator(schema).run(schema, value, "");
}

}  // namespace lab::scenario
