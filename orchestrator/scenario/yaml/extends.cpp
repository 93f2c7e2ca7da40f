// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/yaml/yaml.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::size_t level_limit = 8;

std::vector<Entry>::iterator find_entry(Node& map, std::string_view key) {
  return std::ranges::find(map.entries, key, &Entry::key);
}

void remove_entry(Node& base, const Entry& entry) {
  const auto old = find_entry(base, entry.key);
  if (old == base.entries.end()) {
    std::vector<std::string_view> keys;
    for (const Entry& there : base.entries) keys.push_back(there.key);
    fail(entry.where,
         fmt::format("nothing to remove: the extended file has no {} here{}", in_quotes(entry.key),
                     did_you_mean(entry.key, keys)),
         "a key without a value removes it");
  }
  base.entries.erase(old);
}

// Merges `top` into `base`.
void merge(Node& base, Node& top) {
  base.where = top.where;
  for (Entry& entry : top.entries) {
    if (entry.value.kind == Node::Kind::null) {
      remove_entry(base, entry);
      continue;
    }
    const auto old = find_entry(base, entry.key);
    if (old == base.entries.end()) {
      base.entries.push_back(std::move(entry));
    } else if (old->value.kind == Node::Kind::map && entry.value.kind == Node::Kind::map) {
      old->where = entry.where;
      merge(old->value, entry.value);
    } else {
      *old = std::move(entry);
    }
  }
}

std::string same_file(const std::string& file) {
  std::error_code ignored;
  const auto path = std::filesystem::weakly_canonical(file, ignored);
  return ignored ? file : path.string();
}

std::string read_base(const std::string& file, const Node& value, const ReadFile& read) {
  try {
    return read(file);
  } catch (const base::Error& error) {
    fail(value.where, fmt::format("extends {}: {}", in_quotes(value.text), error.what()),
         "the path is relative to this file");
  }
}

Node parse_level(std::string_view text, const std::string& file, const ReadFile& read,
                 std::vector<std::string>& files) {
  Node root = parse_yaml(text, file);
  if (root.kind != Node::Kind::map) return root;
  const auto extends = find_entry(root, "extends");
  if (extends == root.entries.end()) return root;
  const Node value = std::move(extends->value);
  root.entries.erase(extends);
  const std::string name = read_text(value, "extends", 1024);
  const std::string other =
      (std::filesystem::path(file).parent_path() / name).lexically_normal().string();
  files.push_back(same_file(file));
  if (std::ranges::find(files, same_file(other)) != files.end()) {
    fail(value.where, fmt::format("extends {} is a circle", in_quotes(name)),
         "that file extends this one, or is it");
  }
  if (files.size() >= level_limit) {
    fail(value.where, "extends more than 8 levels deep", "put some of the files together");
  }
  Node base = parse_level(read_base(other, value, read), other, read, files);
  if (base.kind != Node::Kind::map) fail(base.where, "scenario must be a map of keys and values");
  merge(base, root);
  return base;
}

}  // namespace

Node parse_with_bases(std::string_view text, const std::string& file, const ReadFile& read) {
  std::vector<std::string> files;
  return parse_level(text, file, read, files);
}

}  // namespace lab::scenario
