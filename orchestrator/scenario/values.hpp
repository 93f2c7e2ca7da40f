// SPDX-License-Identifier: MIT
// Single values of a scenario, read strictly. For the loader only.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/scenario/yaml.hpp"

namespace lab::scenario {

// All throw base::Error (user); `what` names the value in the message.
std::uint64_t read_integer(const Node& node, const std::string& what, std::uint64_t min,
                           std::uint64_t max);
std::uint64_t read_memory(const Node& node, const std::string& what);  // "768 MiB", in bytes
std::chrono::seconds read_duration(const Node& node, const std::string& what);  // "10 min"
std::string read_text(const Node& node, const std::string& what, std::size_t max);
// A letter or digit, then letters, digits and . _ -, at most 64.
std::string read_name(const Node& node, const std::string& what);
// Which kernel: a release, a series, a suite or "newest". Which there are is known where they are
// fetched.
std::string read_kernel(const Node& node, const std::string& what);
// The index of the word among those allowed.
std::size_t read_word(const Node& node, const std::string& what,
                      std::initializer_list<std::string_view> allowed);

// ", did you mean 'x'?" for the nearest of `known`; empty where none is near.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> known);
std::string join(std::span<const std::string_view> words);

// A map with a fixed set of keys.
class MapReader {
 public:
  MapReader(const Node& node, std::string what, std::initializer_list<std::string_view> allowed);
  const Node* find(std::string_view key) const;  // null: not there
  const Node& need(std::string_view key) const;

 private:
  const Node& node_;
  std::string what_;
};

const std::vector<Entry>& read_map(const Node& node, const std::string& what);
const std::vector<Node>& read_list(const Node& node, const std::string& what, std::size_t max);

}  // namespace lab::scenario
