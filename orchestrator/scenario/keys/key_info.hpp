// SPDX-License-Identifier: MIT
// Describes a key of a scenario: its allowed values and its meaning. The loader reads by it, and
// scenarios/schema.json and the tables of scenarios/README.md are made from it (reference/).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lab::scenario {

struct Form {
  enum class Type {
    words,         // one of `words`
    number,        // a whole number from min to max
    memory,        // whole MiB from min to max bytes
    duration,      // 1 s to 24 h
    milliseconds,  // 1 ms to 24 h
    name,
    text,  // min to max bytes
    line,  // of printable ASCII, up to max bytes
    path,
    image,       // a name or a path
    kernel,      // a release, a series, a suite or a path
    features,    // of a processor
    processors,  // "0-1"
    keys,        // of a keyboard
    nothing,     // no value
    special,     // what only the key's own code can check
  };
  Type type = Type::special;
  std::uint64_t min = 0, max = 0;
  std::span<const std::string_view> words = {};  // what else it may be, for other types
};

// Contains texts in Markdown: README.md uses them unchanged, the schema without marks and links.
struct KeyInfo {
  std::string_view key;
  Form form;
  std::string_view meaning;
  std::string_view otherwise = {};  // the default; `required_key` where there is none
  std::string_view allowed = {};    // where the form is not enough
};

inline constexpr std::string_view required_key = "required";

// Several keys share these forms.
inline constexpr Form a_name = {.type = Form::Type::name}, a_duration = {Form::Type::duration},
                      milliseconds = {Form::Type::milliseconds};
constexpr Form word_form(std::span<const std::string_view> words) {
  return {.type = Form::Type::words, .words = words};
}
constexpr Form number_form(std::uint64_t min, std::uint64_t max) {
  return {Form::Type::number, min, max};
}
constexpr Form text_form(std::uint64_t min, std::uint64_t max) {
  return {Form::Type::text, min, max};
}

// Returns the keys of a table's rows.
template <typename Table>
std::vector<std::string_view> row_keys(const Table& table) {
  std::vector<std::string_view> keys;
  for (const auto& row : table) keys.push_back(row.key);
  return keys;
}

}  // namespace lab::scenario
