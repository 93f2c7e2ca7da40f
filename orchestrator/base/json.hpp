// SPDX-License-Identifier: MIT
// Parses all JSON that lab reads. It may come from a guest, another person's file or a download, so
// its size is checked before it is parsed: the parser has no limits, and copying or writing a value
// recurses as deep as the value nests.
#pragma once

#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace lab::base {

struct JsonLimits {
  std::size_t bytes = 16u << 20;
  std::size_t depth = 32;         // of lists and maps within each other
  std::size_t members = 1024;     // of one map: ordered_json searches all of them for each
  std::size_t values = 4u << 20;  // of the whole text, by its commas and brackets
  std::size_t text = 4u << 20;    // bytes of one text, as it is written
};

// Reports a text beyond a limit or a field with a wrong value. Derives from the parser's
// exceptions, so that one handler catches both.
class JsonError : public nlohmann::json::exception {
 public:
  explicit JsonError(const std::string& cause) : exception(first_free_id, cause.c_str()) {}

 private:
  static constexpr int first_free_id = 600;
};

// Describes the first limit that the text exceeds; nullopt where it exceeds none. Does not check
// whether the text is JSON.
std::optional<std::string> json_excess(std::string_view text, const JsonLimits& limits);

// Throws nlohmann::json::exception where the text is no JSON or exceeds a limit. Exists for json
// and ordered_json, whose parsers are compiled once, in json.cpp.
template <typename Json = nlohmann::json>
Json parse_json(std::string_view text, const JsonLimits& limits = {});

// Returns nullopt instead of throwing.
template <typename Json = nlohmann::json>
std::optional<Json> try_parse_json(std::string_view text, const JsonLimits& limits = {});

// Writes the value in ASCII, which is harmless on a terminal, and replaces bytes that are not
// UTF-8, as a guest's text may contain any. An `indent` of -1 gives one line.
std::string dump_json(const nlohmann::json& value, int indent = -1);
std::string dump_json(const nlohmann::ordered_json& value, int indent = -1);

// Returns a whole number from `min` to `max`. Throws a JsonError that names the field on anything
// else: in C++, converting a number that does not fit is undefined.
std::uint64_t whole_number(const nlohmann::json& value, const char* name, std::uint64_t min,
                           std::uint64_t max);
std::uint64_t whole_number(const nlohmann::ordered_json& value, const char* name, std::uint64_t min,
                           std::uint64_t max);

[[noreturn]] void bad_field(const char* name, const std::string& what);

// need() and field() read a field of an object. They throw a JsonError that names the field where
// it is missing or of another kind. A whole number must fit into its type.
template <typename Json>
const Json& need(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (found == object.end()) bad_field(name, "is missing");
  return *found;
}

template <typename Value, typename Json>
Value field(const Json& object, const char* name) {
  const Json& value = need(object, name);
  if constexpr (std::unsigned_integral<Value> && !std::same_as<Value, bool>) {
    return Value(whole_number(value, name, 0, std::numeric_limits<Value>::max()));
  } else {
    try {
      return value.template get<Value>();
    } catch (const nlohmann::json::type_error&) {
      bad_field(name, std::string("is a ") + value.type_name() + ", which does not belong there");
    }
  }
}

template <typename Value, typename Json>
void read_field(const Json& object, const char* name, Value& value) {
  value = field<Value>(object, name);
}

// An absent value has no field.
template <typename Value, typename Json>
void read_field(const Json& object, const char* name, std::optional<Value>& value) {
  value = object.contains(name) ? std::optional(field<Value>(object, name)) : std::nullopt;
}

template <typename Value, typename Json>
void put_field(Json& object, const char* name, const Value& value) {
  object[name] = value;
}

template <typename Value, typename Json>
void put_field(Json& object, const char* name, const std::optional<Value>& value) {
  if (value) object[name] = *value;
}

}  // namespace lab::base

// Defines to_json and from_json of a struct, with a field for each of the members, of its name.
// Works for json and ordered_json, unlike the library's own macro.
#define LAB_JSON_EACH(WHAT, ...) NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(WHAT, __VA_ARGS__))
#define LAB_JSON_PUT(member) ::lab::base::put_field(json, #member, value.member);
#define LAB_JSON_READ(member) ::lab::base::read_field(json, #member, value.member);
#define LAB_JSON(Type, ...)                                                               \
  template <typename Json>                                                                \
  requires nlohmann::detail::is_basic_json<Json>::value void to_json(Json& json,          \
                                                                     const Type& value) { \
    json = Json::object();                                                                \
    LAB_JSON_EACH(LAB_JSON_PUT, __VA_ARGS__)                                              \
  }                                                                                       \
  template <typename Json>                                                                \
  requires nlohmann::detail::is_basic_json<Json>::value void from_json(const Json& json,  \
                                                                       Type& value) {     \
    LAB_JSON_EACH(LAB_JSON_READ, __VA_ARGS__)                                             \
  }
