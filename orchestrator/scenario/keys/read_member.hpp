// SPDX-License-Identifier: MIT
// Contains the functions for tables of keys: each reads a value into one member, by the key's row
// in the table. They throw base::Error (user).
#pragma once

#include "orchestrator/scenario/keys/key_info.hpp"
#include "orchestrator/scenario/yaml/file_paths.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {

template <typename Object>
using ReadKey = void (*)(Object&, const KeyInfo&, const Node&);

inline std::size_t read_word(const Node& node, const KeyInfo& key) {
  return read_word(node, std::string(key.key), key.form.words);
}
inline std::uint64_t read_integer(const Node& node, const KeyInfo& key) {
  return read_integer(node, std::string(key.key), key.form.min, key.form.max);
}
inline std::uint64_t read_memory(const Node& node, const KeyInfo& key) {
  return read_memory(node, std::string(key.key), key.form.min, key.form.max);
}
inline std::string read_text(const Node& node, const KeyInfo& key) {
  return read_text(node, std::string(key.key), key.form.max, key.form.min);
}
inline std::string read_line(const Node& node, const KeyInfo& key) {
  return read_line(node, std::string(key.key), key.form.max);
}

template <auto member, typename Object>
void read_enum(Object& object, const KeyInfo& key, const Node& node) {
  object.*member = std::remove_reference_t<decltype(object.*member)>(read_word(node, key));
}
template <auto member, typename Object>
void read_flag(Object& object, const KeyInfo& key, const Node& node) {
  object.*member = read_word(node, key) == 0;
}
template <auto member, typename Object>
void read_number(Object& object, const KeyInfo& key, const Node& node) {
  object.*member = std::uint32_t(read_integer(node, key));
}
template <auto member, typename Object>
void read_bytes(Object& object, const KeyInfo& key, const Node& node) {
  object.*member = read_memory(node, key);
}
template <auto member, typename Object>
void read_text(Object& object, const KeyInfo& key, const Node& node) {
  object.*member = read_text(node, key);
}
template <auto member, typename Object>
void read_line(Object& object, const KeyInfo& key, const Node& node) {
  object.*member = read_line(node, key);
}
// Reads by a function that needs nothing of the row but its key.
template <auto member, auto read, typename Object>
void read_by(Object& object, const KeyInfo& key, const Node& node) {
  object.*member = read(node, std::string(key.key));
}

}  // namespace lab::scenario
