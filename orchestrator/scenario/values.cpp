// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/values.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>

namespace lab::scenario {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit memory_units[] = {{"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}};
constexpr Unit time_units[] = {{"s", 1}, {"min", 60}, {"h", 3600}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char* kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "nothing";
}

[[noreturn]] void wrong_type(const Node& node, const std::string& what, const std::string& wanted) {
  fail(node.where, fmt::format("{} must be {}, not {}", what, wanted, kind_name(node)));
}

const std::string& scalar(const Node& node, const std::string& what, const std::string& wanted) {
  if (node.kind != Node::Kind::scalar) wrong_type(node, what, wanted);
  return node.text;
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

// Number and unit, multiplied; empty when either is wrong or it overflows.
std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  const auto digits = std::size_t(std::ranges::find_if_not(text, is_digit) - text.begin());
  const auto value = parse_digits(text.substr(0, digits));
  text.remove_prefix(digits);
  if (text.starts_with(' ')) text.remove_prefix(1);
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (!value || unit == units.end() || *value > UINT64_MAX / unit->factor) return std::nullopt;
  return *value * unit->factor;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::uint64_t read_integer(const Node& node, const std::string& what, std::uint64_t min,
                           std::uint64_t max) {
  const std::string wanted = fmt::format("a whole number from {} to {}", min, max);
  const std::string& text = scalar(node, what, wanted);
  const auto value = parse_digits(text);
  if (!node.plain || !value || *value < min || *value > max) {
    const char* why = node.plain ? "" : " in quotes";
    fail(node.where, fmt::format("{} must be {}, not {}{}", what, wanted, in_quotes(text), why));
  }
  return *value;
}

std::uint64_t read_memory(const Node& node, const std::string& what) {
  constexpr std::uint64_t mib = 1ull << 20, min = 64 * mib, max = 65536 * mib;
  const std::string& text = scalar(node, what, "an amount of memory");
  const auto bytes = parse_quantity(text, memory_units);
  if (!bytes || *bytes % mib != 0 || *bytes < min || *bytes > max) {
    fail(node.where,
         fmt::format("{} must be whole MiB from 64 MiB to 64 GiB, not {}", what, in_quotes(text)),
         "write the unit out: KiB, MiB or GiB, as in '768 MiB'");
  }
  return *bytes;
}

std::chrono::seconds read_duration(const Node& node, const std::string& what) {
  constexpr std::uint64_t day = 86400;
  const std::string& text = scalar(node, what, "a time");
  const auto seconds = parse_quantity(text, time_units);
  if (!seconds || *seconds < 1 || *seconds > day) {
    fail(node.where,
         fmt::format("{} must be a time from 1 s to 24 h, not {}", what, in_quotes(text)),
         "write the unit out: s, min or h, as in '10 min'");
  }
  return std::chrono::seconds(*seconds);
}

std::string read_text(const Node& node, const std::string& what, std::size_t max) {
  const std::string& text = scalar(node, what, "text");
  if (text.empty() || text.size() > max || text.find('\0') != std::string::npos) {
    fail(node.where, fmt::format("{} must have 1 to {} bytes, none of them zero, not {}", what, max,
                                 text.size()));
  }
  return text;
}

std::string read_name(const Node& node, const std::string& what) {
  const std::string& text = scalar(node, what, "a name");
  const bool good = !text.empty() && text.size() <= 64 && is_alphanumeric(text[0]) &&
                    std::ranges::all_of(text, [](char c) {
                      return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
                    });
  if (!good) {
    fail(node.where, fmt::format("{} must be 1 to 64 letters, digits, '.', '_' and '-', beginning "
                                 "with a letter or digit, not {}",
                                 what, in_quotes(text)));
  }
  return text;
}

std::string read_kernel(const Node& node, const std::string& what) {
  static constexpr std::string_view others = ".+~-";
  const std::string& text = scalar(node, what, "a kernel");
  const bool good = !text.empty() && text.size() <= 64 && is_alphanumeric(text[0]) &&
                    std::ranges::all_of(text, [](char c) {
                      return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
                    });
  if (good) return text;
  fail(node.where, fmt::format("{} names no kernel: {}", what, in_quotes(text)),
       "a release as in 6.1.0-56-amd64, a series as in 6.12, a suite as in trixie, or newest");
}

std::size_t read_word(const Node& node, const std::string& what,
                      std::initializer_list<std::string_view> allowed) {
  const std::span<const std::string_view> words(allowed.begin(), allowed.size());
  const std::string& text = scalar(node, what, "one of " + join(words));
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) {
    fail(node.where, fmt::format("{} must be one of {}, not {}{}", what, join(words),
                                 in_quotes(text), did_you_mean(text, words)));
  }
  return std::size_t(found - words.begin());
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> known) {
  if (text.size() > 64 || known.empty()) return "";
  const auto nearest =
      std::ranges::min_element(known, {}, [&](auto word) { return edit_distance(text, word); });
  // Further away than about a third of the word is another word.
  if (edit_distance(text, *nearest) > (text.size() + 2) / 3) return "";
  return fmt::format(", did you mean '{}'?", *nearest);
}

std::string join(std::span<const std::string_view> words) {
  std::string text;
  for (std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

MapReader::MapReader(const Node& node, std::string what,
                     std::initializer_list<std::string_view> allowed)
    : node_(node), what_(std::move(what)) {
  const std::span<const std::string_view> keys(allowed.begin(), allowed.size());
  for (const Entry& entry : read_map(node, what_)) {
    if (std::ranges::find(keys, entry.key) != keys.end()) continue;
    fail(entry.where,
         fmt::format("unknown key {} in {}{}", in_quotes(entry.key), what_,
                     did_you_mean(entry.key, keys)),
         "keys of " + what_ + ": " + join(keys));
  }
}

const Node* MapReader::find(std::string_view key) const {
  const auto found = std::ranges::find(node_.entries, key, &Entry::key);
  return found == node_.entries.end() ? nullptr : &found->value;
}

const Node& MapReader::need(std::string_view key) const {
  const Node* value = find(key);
  if (!value) fail(node_.where, fmt::format("{} lacks the key '{}'", what_, key), "add it");
  return *value;
}

const std::vector<Entry>& read_map(const Node& node, const std::string& what) {
  if (node.kind != Node::Kind::map) wrong_type(node, what, "a map of keys and values");
  return node.entries;
}

const std::vector<Node>& read_list(const Node& node, const std::string& what, std::size_t max) {
  if (node.kind != Node::Kind::list) wrong_type(node, what, "a list");
  if (node.items.empty() || node.items.size() > max) {
    fail(node.where,
         fmt::format("{} must have 1 to {} values, not {}", what, max, node.items.size()));
  }
  return node.items;
}

}  // namespace lab::scenario
