// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/yaml/values.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "orchestrator/base/text.hpp"

namespace lab::scenario {
namespace {

constexpr std::uint64_t day = 86400000;  // in milliseconds

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

[[noreturn]] void wrong_type(const Node& node, std::string_view what, std::string_view wanted) {
  fail(node.where, fmt::format("{} must be {}, not {}", what, wanted, kind_name(node)));
}

const std::string& scalar(const Node& node, std::string_view what, std::string_view wanted) {
  if (node.kind != Node::Kind::scalar) wrong_type(node, what, wanted);
  return node.text;
}

// Returns the number times its unit; nullopt where either is wrong or the product overflows.
std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  const auto digits = std::size_t(std::ranges::find_if_not(text, is_digit) - text.begin());
  const auto value = base::parse_number<std::uint64_t>(text.substr(0, digits));
  text.remove_prefix(digits);
  if (text.starts_with(' ')) text.remove_prefix(1);
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (!value || unit == units.end() || *value > UINT64_MAX / unit->factor) return std::nullopt;
  return *value * unit->factor;
}

// Parses "5" and "0.5"; returns nullopt for anything else.
std::optional<double> parse_decimal(std::string_view text) {
  double value = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool whole = error == std::errc() && stop == text.data() + text.size();
  // Refuses inf, nan, .5 and 5.
  if (!whole || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
  return value;
}

bool has_duplicates(std::vector<std::string_view> parts) {
  std::ranges::sort(parts);
  return std::ranges::adjacent_find(parts) != parts.end();
}

// Marks "3" or "0-2" in `used`; returns false where it is neither, too large or already marked.
bool mark_cpus(std::string_view range, std::vector<bool>& used) {
  const std::size_t dash = std::min(range.find('-'), range.size());
  const auto first = base::parse_number<std::uint64_t>(range.substr(0, dash));
  const auto last =
      dash == range.size() ? first : base::parse_number<std::uint64_t>(range.substr(dash + 1));
  if (!first || !last || *first > *last || *last >= used.size()) return false;
  for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) {
    if (used[cpu]) return false;
    used[cpu] = true;
  }
  return true;
}

bool is_key(std::string_view key) {
  static constexpr std::string_view function_keys[] = {"f1", "f2", "f3", "f4",  "f5",  "f6",
                                                       "f7", "f8", "f9", "f10", "f11", "f12"};
  if (key.size() == 1) return (key[0] >= 'a' && key[0] <= 'z') || is_digit(key[0]);
  return std::ranges::find(named_keys, key) != std::end(named_keys) ||
         std::ranges::find(function_keys, key) != std::end(function_keys);
}

bool is_feature(std::string_view text) {
  return text.size() >= 2 && text.size() <= 64 && (text[0] == '+' || text[0] == '-') &&
         std::ranges::all_of(text.substr(1), [](char c) {
           return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

std::uint64_t read_integer(const Node& node, const std::string& what, std::uint64_t min,
                           std::uint64_t max) {
  const std::string wanted = fmt::format("a whole number from {} to {}", min, max);
  const std::string& text = scalar(node, what, wanted);
  const auto value = base::parse_number<std::uint64_t>(text);
  if (!node.plain || !value || *value < min || *value > max) {
    const char* why = node.plain ? "" : " in quotes";
    fail(node.where, fmt::format("{} must be {}, not {}{}", what, wanted, in_quotes(text), why));
  }
  return *value;
}

std::uint64_t read_memory(const Node& node, const std::string& what, std::uint64_t min,
                          std::uint64_t max) {
  const std::string& text = scalar(node, what, "an amount of memory");
  const auto bytes = parse_quantity(text, memory_units);
  if (!bytes || *bytes % mib != 0 || *bytes < min || *bytes > max) {
    fail(node.where,
         fmt::format("{} must be whole MiB from {} to {}, not {}", what, memory_text(min),
                     memory_text(max), in_quotes(text)),
         "write the unit out: KiB, MiB or GiB, as in '768 MiB'");
  }
  return *bytes;
}

std::chrono::seconds read_duration(const Node& node, const std::string& what) {
  const std::string& text = scalar(node, what, "a time");
  const auto duration = parse_quantity(text, time_units);
  if (!duration || *duration < 1000 || *duration > day || *duration % 1000 != 0) {
    fail(node.where,
         fmt::format("{} must be a time from 1 s to 24 h, not {}", what, in_quotes(text)),
         "write the unit out: s, min or h, as in '10 min'");
  }
  return std::chrono::seconds(*duration / 1000);
}

std::chrono::milliseconds read_milliseconds(const Node& node, const std::string& what) {
  const std::string& text = scalar(node, what, "a time");
  const auto duration = parse_quantity(text, time_units);
  if (!duration || *duration < 1 || *duration > day) {
    fail(node.where,
         fmt::format("{} must be a time from 1 ms to 24 h, not {}", what, in_quotes(text)),
         "write the unit out: ms, s, min or h, as in '10 s'");
  }
  return std::chrono::milliseconds(*duration);
}

double read_factor(const Node& node, const std::string& what) {
  const std::string& text = scalar(node, what, "a number");
  double value = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool whole = error == std::errc() && stop == text.data() + text.size();
  // The comparison is false for NaN.
  if (!node.plain || !whole || !is_digit(text[0]) || !(value <= most_factor)) {
    fail(node.where,
         fmt::format("{} must be a number from 0 to {:.0f}, not {}", what, most_factor,
                     in_quotes(text)),
         "as in 2 or 10.5");
  }
  return value;
}

std::optional<double> read_share(const Node& node, const std::string& what) {
  static constexpr std::string_view never = "ignore", words[] = {never};
  constexpr double most = 1000;  // per cent
  const std::string& text = scalar(node, what, "a percentage or ignore");
  if (text == never) return std::nullopt;
  std::string_view digits = text;
  const bool has_unit = digits.ends_with('%');
  if (has_unit) digits.remove_suffix(1);
  if (has_unit && digits.ends_with(' ')) digits.remove_suffix(1);
  const auto percent = parse_decimal(digits);
  if (!has_unit || !percent || *percent > most) {
    fail(node.where,
         fmt::format("{} must be from 0 % to {:.0f} %, or ignore, not {}{}", what, most,
                     in_quotes(text), did_you_mean(text, words)),
         "write the unit out, as in '5 %'");
  }
  return *percent / 100;
}

std::string read_text(const Node& node, const std::string& what, std::size_t max, std::size_t min) {
  const std::string& text = scalar(node, what, "text");
  if (text.size() < min || text.size() > max || text.find('\0') != std::string::npos) {
    fail(node.where, fmt::format("{} must have {} to {} bytes, none of them zero, not {}", what,
                                 min, max, text.size()));
  }
  return text;
}

std::string read_line(const Node& node, const std::string& what, std::size_t max) {
  std::string text = read_text(node, what, max, 0);
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
  if (!printable) fail(node.where, what + " must be one line of printable ASCII");
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
       "a release as in 6.1.0-56-amd64, a series as in 6.12, a suite as in trixie, newest, or the "
       "folder of a kernel tree or of .deb files with a / in it, as in ./linux, ~/linux@v6.12 or "
       "./debs");
}

std::size_t read_word(const Node& node, const std::string& what,
                      std::span<const std::string_view> words) {
  const std::string& text = scalar(node, what, "one of " + join(words));
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) {
    fail(node.where, fmt::format("{} must be one of {}, not {}{}", what, join(words),
                                 in_quotes(text), did_you_mean(text, words)));
  }
  return std::size_t(found - words.begin());
}

std::string read_cpus(const Node& node, const std::string& what) {
  const std::string& text = scalar(node, what, "processors");
  std::vector<bool> used(processors_limit);
  const bool good = std::ranges::all_of(
      base::split(text, ','), [&](std::string_view range) { return mark_cpus(range, used); });
  if (good) return text;
  fail(node.where,
       fmt::format("{} must name processors from 0 to {}, none twice, not {}", what,
                   processors_limit - 1, in_quotes(text)),
       "as in \"0\", \"0-1\" or \"0,2\"");
}

std::string read_keys(const Node& node, const std::string& what) {
  const std::string& text = scalar(node, what, "keys");
  const auto keys = base::split(text, '+');
  for (std::string_view key : keys) {
    if (is_key(key)) continue;
    fail(node.where, fmt::format("{} must join keys by '+', not {}", what, in_quotes(text)),
         "keys: a to z, 0 to 9, f1 to f12, " + join(named_keys));
  }
  if (keys.size() > pressed_limit || has_duplicates(keys)) {
    fail(node.where, fmt::format("{} must be at most {} different keys, not {}", what,
                                 pressed_limit, in_quotes(text)));
  }
  return text;
}

std::vector<std::string> read_features(const Node& node, const std::string& what) {
  std::vector<std::string> features;
  std::vector<std::string_view> names;
  const std::string text = read_line(node, what, 4096);
  for (std::string_view word : base::split(text, ' ')) {
    if (word.empty()) continue;
    if (!is_feature(word)) {
      fail(node.where, fmt::format("{} has {}", what, in_quotes(word)),
           "each with its sign, as in \"+invtsc -x2apic\"");
    }
    features.emplace_back(word);
    names.push_back(word.substr(1));
  }
  if (names.size() > features_limit)
    fail(node.where, fmt::format("{} must be at most {}", what, features_limit));
  if (has_duplicates(names)) fail(node.where, what + " names one twice: " + in_quotes(text));
  return features;
}

std::string memory_text(std::uint64_t bytes) {
  const Unit& unit = memory_units[bytes % memory_units[2].factor == 0 ? 2 : 1];
  return fmt::format("{} {}", bytes / unit.factor, unit.name);
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  return count % 1000 == 0 ? fmt::format("{} s", count / 1000) : fmt::format("{} ms", count);
}

std::string join(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

void unknown_key(const Entry& entry, const std::string& what,
                 std::span<const std::string_view> allowed) {
  fail(entry.where,
       fmt::format("unknown key {} in {}{}", in_quotes(entry.key), what,
                   did_you_mean(entry.key, allowed)),
       "keys of " + what + ": " + join(allowed));
}

MapReader::MapReader(const Node& node, std::string what, std::span<const std::string_view> allowed)
    : node_(node), what_(std::move(what)) {
  for (const Entry& entry : read_map(node, what_)) {
    if (std::ranges::find(allowed, entry.key) == allowed.end()) unknown_key(entry, what_, allowed);
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

const std::vector<Entry>& read_map(const Node& node, std::string_view what) {
  if (node.kind != Node::Kind::map) wrong_type(node, what, "a map of keys and values");
  return node.entries;
}

const std::vector<Node>& read_list(const Node& node, std::string_view what, std::size_t max) {
  if (node.kind != Node::Kind::list) wrong_type(node, what, "a list");
  if (node.items.empty() || node.items.size() > max) {
    fail(node.where,
         fmt::format("{} must have 1 to {} values, not {}", what, max, node.items.size()));
  }
  return node.items;
}

}  // namespace lab::scenario
