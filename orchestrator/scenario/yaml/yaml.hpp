// SPDX-License-Identifier: MIT
// Parses YAML into a plain tree in which each node knows its place. For the loader only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lab::scenario {

struct Entry;

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string where;  // "file:line:column", or "--set"
  std::string text;   // of a scalar
  bool plain = true;  // a scalar without quotes
  std::vector<Node> items;
  std::vector<Entry> entries;  // in the file's order, keys unique
};

struct Entry {
  std::string key;
  std::string where;
  Node value;
};

// Parses one document of at most 1 MiB, 16 levels and 10,000 values, without anchors, aliases and
// tags. Throws base::Error (user) with the place, also on duplicate keys.
Node parse_yaml(std::string_view text, const std::string& file);

// Returns a file's text; throws base::Error where there is none.
using ReadFile = std::function<std::string(const std::string& file)>;

// Does the same, and implements `extends: other.yaml`, which builds a scenario on others
// (extends.cpp): the tree is the whole one without that key, maps are merged deeply, and each node
// names its file. At most 8 files in all.
Node parse_with_bases(std::string_view text, const std::string& file, const ReadFile& read);

// Throws "file:line:column: cause", with the remedy as hint.
[[noreturn]] void fail(const std::string& where, const std::string& cause,
                       const std::string& remedy = "");

// Returns the text in quotes: at most 60 bytes of it, and nothing that could upset a terminal.
std::string in_quotes(std::string_view text);

}  // namespace lab::scenario
