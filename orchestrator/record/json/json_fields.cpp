// SPDX-License-Identifier: MIT
#include "orchestrator/record/json/json_fields.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::record {

void fail(const std::string& cause) {
  throw base::infrastructure_error("record: " + cause);
}

ordered_json parse(std::string_view json) {
  try {
    return base::parse_json<ordered_json>(json, {.bytes = 64u << 20});
  } catch (const base::JsonError& error) {
    fail(error.what());
  } catch (const ordered_json::exception&) {
    fail("not JSON");
  }
}

const ordered_json* find(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const ordered_json& need(const ordered_json& object, const char* name) {
  if (!object.is_object()) fail("not a JSON object");
  const ordered_json* value = find(object, name);
  if (!value) fail("'" + std::string(name) + "' is missing");
  return *value;
}

std::uint64_t count(const ordered_json& value, const char* name, std::uint64_t max) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > max) {
    fail("'" + std::string(name) + "' is not a whole number in range");
  }
  return value.get<std::uint64_t>();
}

std::optional<std::uint64_t> optional_count(const ordered_json& object, const char* name) {
  const ordered_json* value = find(object, name);
  return value ? std::optional(count(*value, name)) : std::nullopt;
}

std::string text(const ordered_json& object, const char* name) {
  const ordered_json& value = need(object, name);
  if (!value.is_string()) fail("'" + std::string(name) + "' is not text");
  return value.get<std::string>();
}

std::string optional_text(const ordered_json& object, const char* name) {
  return find(object, name) ? text(object, name) : "";
}

bool boolean(const ordered_json& object, const char* name) {
  const ordered_json& value = need(object, name);
  if (!value.is_boolean()) fail("'" + std::string(name) + "' is neither true nor false");
  return value.get<bool>();
}

const ordered_json& list(const ordered_json& object, const char* name, std::size_t most) {
  const ordered_json& value = need(object, name);
  if (!value.is_array()) fail("'" + std::string(name) + "' is not a list");
  if (value.size() > most)
    fail("'" + std::string(name) + "' has more than " + std::to_string(most) + " entries");
  return value;
}

std::uint64_t need_count(const ordered_json& object, const char* name) {
  return count(need(object, name), name);
}

std::uint32_t need_number(const ordered_json& object, const char* name) {
  return std::uint32_t(count(need(object, name), name, std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t count_between(const ordered_json& object, const char* name, std::uint64_t min,
                            std::uint64_t max) {
  const std::uint64_t value = count(need(object, name), name, max);
  if (value < min) fail("'" + std::string(name) + "' is not a whole number in range");
  return value;
}

double seconds(const ordered_json& value, const char* name) {
  const double number = value.is_number() ? value.get<double>() : -1;
  if (!(number >= 0 && number <= seconds_limit))
    fail("'" + std::string(name) + "' is no time in seconds");
  return number;
}

std::optional<double> optional_seconds(const ordered_json& object, const char* name) {
  const ordered_json* value = find(object, name);
  return value ? std::optional(seconds(*value, name)) : std::nullopt;
}

Conditions conditions_from(const ordered_json& object) {
  if (!object.is_object()) fail("'conditions' is not an object");
  Conditions conditions;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string()) fail("a condition is not text");
    conditions[key] = value.get<std::string>();
  }
  return conditions;
}

}  // namespace lab::record
