// SPDX-License-Identifier: MIT
#include "orchestrator/base/json.hpp"

#include <vector>

namespace lab::base {
namespace {

// Returns the index of the quote that ends the text beginning at `at`, or the end of the JSON.
std::size_t end_of_text(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at)
    if (json[at] == '\\') ++at;
  return std::min(at, json.size());
}

// Tracks which lists and maps are open at a place of the text, and counts their values.
class Measure {
 public:
  explicit Measure(const JsonLimits& limits) : limits_(limits) {}

  // Returns the limit that this bracket or comma exceeds; "" where it exceeds none.
  std::string take(char c) {
    if (c == '[' || c == '{') {
      open_.push_back({c == '{', 1});
      if (open_.size() > limits_.depth) return beyond("levels within each other", limits_.depth);
    } else if ((c == ']' || c == '}') && !open_.empty()) {
      open_.pop_back();
    } else if (c == ',' && !open_.empty() && open_.back().is_map) {
      if (++open_.back().members > limits_.members)
        return beyond("members of a map", limits_.members);
    }
    const bool is_value = c == '[' || c == '{' || c == ',';
    if (is_value && ++values_ > limits_.values) return beyond("values", limits_.values);
    return "";
  }

  static std::string beyond(const char* what, std::size_t limit) {
    return "more than " + std::to_string(limit) + " " + what;
  }

 private:
  struct Level {
    bool is_map;
    std::size_t members;
  };

  const JsonLimits& limits_;
  std::vector<Level> open_;
  std::size_t values_ = 0;
};

template <typename Json>
std::uint64_t whole(const Json& value, const char* name, std::uint64_t min, std::uint64_t max) {
  const bool natural = value.is_number_unsigned() ||
                       (value.is_number_integer() && value.template get<std::int64_t>() >= 0);
  if (natural) {
    const auto number = value.template get<std::uint64_t>();
    if (number >= min && number <= max) return number;
  }
  bad_field(name, "is no whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

}  // namespace

std::optional<std::string> json_excess(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) return Measure::beyond("bytes", limits.bytes);
  Measure measure(limits);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      const std::size_t end = end_of_text(text, at);
      if (end - at - 1 > limits.text) return Measure::beyond("bytes of one text", limits.text);
      at = end;
    } else if (std::string cause = measure.take(text[at]); !cause.empty()) {
      return cause;
    }
  }
  return std::nullopt;
}

void bad_field(const char* name, const std::string& what) {
  throw JsonError("'" + std::string(name) + "' " + what);
}

std::string dump_json(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string dump_json(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::uint64_t whole_number(const nlohmann::json& value, const char* name, std::uint64_t min,
                           std::uint64_t max) {
  return whole(value, name, min, max);
}

std::uint64_t whole_number(const nlohmann::ordered_json& value, const char* name, std::uint64_t min,
                           std::uint64_t max) {
  return whole(value, name, min, max);
}

template <typename Json>
Json parse_json(std::string_view text, const JsonLimits& limits) {
  if (const auto cause = json_excess(text, limits)) throw JsonError(*cause);
  return Json::parse(text);
}

template <typename Json>
std::optional<Json> try_parse_json(std::string_view text, const JsonLimits& limits) {
  if (json_excess(text, limits)) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return std::optional<Json>(std::in_place, std::move(json));
}

template nlohmann::json parse_json(std::string_view, const JsonLimits&);
template nlohmann::ordered_json parse_json(std::string_view, const JsonLimits&);
template std::optional<nlohmann::json> try_parse_json(std::string_view, const JsonLimits&);
template std::optional<nlohmann::ordered_json> try_parse_json(std::string_view, const JsonLimits&);

}  // namespace lab::base
