// SPDX-License-Identifier: MIT
// The one way in for JSON. It may come out of a guest, another person's file or a download, so it
// is measured before it is parsed: the parser itself has no limits, and what copies or writes a
// value recurses as deep as the value nests.
#pragma once

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

// The text goes beyond a limit. Caught with the parser's own exceptions.
class JsonExcess : public nlohmann::json::exception {
 public:
  explicit JsonExcess(const std::string& cause) : exception(first_free_id, cause.c_str()) {}

 private:
  static constexpr int first_free_id = 600;
};

// The first limit that the text exceeds, in words; nullopt where there is none. Whether it is JSON
// at all is not asked.
std::optional<std::string> json_excess(std::string_view text, const JsonLimits& limits);

// nlohmann::json::exception where the text is no JSON, or more than the limits allow. For json and
// ordered_json, whose parsers are compiled once, in json.cpp.
template <typename Json = nlohmann::json>
Json parse_json(std::string_view text, const JsonLimits& limits = {});

// nullopt in place of the exception.
template <typename Json = nlohmann::json>
std::optional<Json> try_parse_json(std::string_view text, const JsonLimits& limits = {});

// In ASCII; what is not UTF-8 is replaced. `indent`: -1 for one line.
std::string dump_json(const nlohmann::json& value, int indent = -1);
std::string dump_json(const nlohmann::ordered_json& value, int indent = -1);

// A whole number from `min` to `max`, and no fraction: converting one that does not fit is
// undefined in C++. JsonExcess, naming the field, on anything else.
std::uint64_t whole_number(const nlohmann::json& value, const char* name, std::uint64_t min,
                           std::uint64_t max);
std::uint64_t whole_number(const nlohmann::ordered_json& value, const char* name, std::uint64_t min,
                           std::uint64_t max);

}  // namespace lab::base
