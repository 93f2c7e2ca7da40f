// SPDX-License-Identifier: MIT
// Reads single values of a scenario strictly. For the loader only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/text.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

inline constexpr std::uint64_t mib = 1ull << 20, gib = 1ull << 30;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
inline constexpr Unit memory_units[] = {{"KiB", 1ull << 10}, {"MiB", mib}, {"GiB", gib}};
inline constexpr Unit time_units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}};

// All functions throw base::Error (user); `what` names the value in the message.
std::uint64_t read_integer(const Node& node, const std::string& what, std::uint64_t min,
                           std::uint64_t max);
// Reads "768 MiB" in bytes; the limits are whole MiB, too.
std::uint64_t read_memory(const Node& node, const std::string& what, std::uint64_t min,
                          std::uint64_t max);
std::chrono::seconds read_duration(const Node& node, const std::string& what);           // "10 min"
std::chrono::milliseconds read_milliseconds(const Node& node, const std::string& what);  // "500 ms"
inline constexpr double most_factor = 1e9;
double read_factor(const Node& node, const std::string& what);  // "10.5": 0 to most_factor
// Reads "5 %" as 0.05, from 0 % to 1000 %; returns nullopt for "ignore".
std::optional<double> read_share(const Node& node, const std::string& what);
std::string read_text(const Node& node, const std::string& what, std::size_t max,
                      std::size_t min = 1);
// Reads printable ASCII with spaces; may be empty.
std::string read_line(const Node& node, const std::string& what, std::size_t max);
// Reads a letter or digit, then letters, digits and . _ -, at most 64 characters.
std::string read_name(const Node& node, const std::string& what);
// Reads the name of a Debian kernel: a release, a series, a suite or "newest". Only the code that
// fetches kernels knows which exist.
std::string read_kernel(const Node& node, const std::string& what);
// Returns the index of the word among the allowed ones.
std::size_t read_word(const Node& node, const std::string& what,
                      std::span<const std::string_view> allowed);
inline constexpr std::size_t processors_limit = 1024, features_limit = 64;
// Reads the numbers of processors: "0", "0-1", "0,2", each below processors_limit and only once.
std::string read_cpus(const Node& node, const std::string& what);
// Names the keys of a keyboard besides letters, digits and f1..f12.
inline constexpr std::string_view named_keys[] = {"ctrl",  "alt",    "shift", "enter", "esc",
                                                  "tab",   "space",  "up",    "down",  "left",
                                                  "right", "delete", "sysrq"};
inline constexpr std::size_t pressed_limit = 16;

// Reads keys: "ctrl+alt+delete", at most pressed_limit different ones.
std::string read_keys(const Node& node, const std::string& what);
// Reads features: "+invtsc -x2apic", each only once, at most features_limit; may be empty.
std::vector<std::string> read_features(const Node& node, const std::string& what);

std::string memory_text(std::uint64_t bytes);                   // "768 MiB", "64 GiB"
std::string duration_text(std::chrono::milliseconds duration);  // "90 s", "500 ms"

using base::did_you_mean;
std::string join(std::span<const std::string_view> words);

// Reads a map with a fixed set of keys.
class MapReader {
 public:
  MapReader(const Node& node, std::string what, std::span<const std::string_view> allowed);
  MapReader(const Node& node, std::string what, std::initializer_list<std::string_view> allowed)
      : MapReader(node, std::move(what), std::span(allowed.begin(), allowed.size())) {}
  const Node* find(std::string_view key) const;  // null where it is absent
  const Node& need(std::string_view key) const;

 private:
  const Node& node_;
  std::string what_;
};

const std::vector<Entry>& read_map(const Node& node, std::string_view what);
const std::vector<Node>& read_list(const Node& node, std::string_view what, std::size_t max);

// Throws "unknown key 'x' in WHAT, did you mean 'y'?", with all keys as the remedy.
[[noreturn]] void unknown_key(const Entry& entry, const std::string& what,
                              std::span<const std::string_view> allowed);

// Limit how many entries a scenario may contain, where there can be several.
inline constexpr std::size_t steps_limit = 64, expect_limit = 256, floors_limit = 256;
inline constexpr std::size_t axis_limit = 64;          // values of one key of the matrix
inline constexpr std::size_t matrix_list_limit = 256;  // entries of exclude and of include
inline constexpr std::size_t parameters_limit = 64;
// Limits a run step; the reader in the guest has the same limits
// (trial/reader/both_sides_test.cpp).
inline constexpr std::size_t command_limit = 65536, times_limit = 1000000;

}  // namespace lab::scenario
