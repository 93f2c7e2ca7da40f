// SPDX-License-Identifier: MIT
#include "orchestrator/image/manifest.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/image/download/digests.hpp"

namespace lab::image {
namespace {

constexpr std::size_t file_limit = 1u << 20;

base::Error at(const std::filesystem::path& file, const YAML::Mark& mark, const std::string& what) {
  return base::user_error(file.string() + ":" + std::to_string(mark.line + 1) + ":" +
                          std::to_string(mark.column + 1) + ": " + what);
}

std::string read_text(const std::filesystem::path& file) {
  std::string text;
  try {
    text = base::read_file(file, file_limit);
  } catch (const base::Error& error) {
    throw base::user_error("cannot read the image manifest: " + std::string(error.what()));
  }
  if (const auto end = base::find_odd_line_end(text))
    throw base::user_error(file.string() + ":" + std::to_string(end->line) + ":" +
                               std::to_string(end->column) + ": " + base::describe(*end),
                           base::odd_line_end_remedy);
  return text;
}

// Returns "" where the node has no digest.
std::string read_digest(const std::filesystem::path& file, const std::string& image,
                        const YAML::Node& digest) {
  if (!digest) return "";
  try {
    return normalized_digest(digest.Scalar());
  } catch (const base::Error& error) {
    throw at(file, digest.Mark(), "image '" + image + "': " + error.what());
  }
}

// A list's signature needs the list and a keyring; the list may contain it. gpgv looks for relative
// paths in its own folder.
void check_signature_keys(const std::filesystem::path& file, const std::string& image,
                          const YAML::Node& node) {
  constexpr std::pair<const char*, const char*> needs[] = {
      {"signature_url", "digest_url"}, {"signature_url", "keyring"}, {"keyring", "digest_url"}};
  for (const auto& [key, other] : needs)
    if (node[key] && !node[other])
      throw at(file, node[key].Mark(), "image '" + image + "' has " + key + " without " + other);
  if (node["keyring"] && !node["keyring"].Scalar().starts_with("/"))
    throw at(file, node["keyring"].Mark(),
             "keyring '" + node["keyring"].Scalar() + "' must be a path that begins with /");
}

// The name must be valid as a part of the cache's folder names.
bool is_image_name(const std::string& name) {
  constexpr const char* letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 64 && std::isalnum(static_cast<unsigned char>(name[0])) &&
         name.find_first_not_of(letters) == std::string::npos;
}

constexpr const char* name_rule =
    "an image's name must be 1 to 64 letters, digits, '.', '_' and '-', beginning with a letter or "
    "digit";

void check_name(const std::filesystem::path& file, const YAML::Node& key) {
  if (!key.IsScalar() || !is_image_name(key.Scalar())) throw at(file, key.Mark(), name_rule);
}

void check_new(const std::filesystem::path& file, const YAML::Node& key,
               const std::vector<Entry>& entries) {
  if (std::ranges::find(entries, key.Scalar(), &Entry::name) != entries.end())
    throw at(file, key.Mark(), "image '" + key.Scalar() + "' is there twice");
}

Entry read_entry(const std::filesystem::path& file, const std::string& name,
                 const YAML::Node& node) {
  static const std::set<std::string> known{"recipe",  "suite",  "kernel",     "description",
                                           "url",     "digest", "digest_url", "signature_url",
                                           "keyring", "file"};
  if (!node.IsMap()) throw at(file, node.Mark(), "image '" + name + "' must be a map");
  Entry entry;
  entry.name = name;
  for (const auto& item : node) {
    const std::string key = item.first.Scalar();
    if (known.count(key) == 0)
      throw at(
          file, item.first.Mark(),
          "unknown key '" + key +
              "'; known: recipe, suite, kernel, url, digest, digest_url, signature_url, keyring, "
              "file, description");
    if (!item.second.IsScalar()) throw at(file, item.second.Mark(), "'" + key + "' must be text");
  }
  const auto text = [&](const char* key) { return node[key] ? node[key].Scalar() : std::string(); };
  entry.description = text("description");
  entry.recipe = node["recipe"] ? text("recipe") : name;
  entry.suite = text("suite");
  entry.kernel = text("kernel");
  entry.url = text("url");
  entry.digest_url = text("digest_url");
  entry.signature_url = text("signature_url");
  entry.keyring = text("keyring");
  entry.file = text("file");
  entry.source = !entry.file.empty() ? Entry::Source::file
                 : entry.url.empty() ? Entry::Source::recipe
                                     : Entry::Source::url;
  const std::string source = entry.source == Entry::Source::file ? "file" : "url";
  for (const char* key : {"recipe", "suite", "kernel"})
    if (entry.source != Entry::Source::recipe && node[key])
      throw at(file, node[key].Mark(), "image '" + name + "' has a " + source + ", so no " + key);
  for (const char* key : {"url", "digest_url", "signature_url"})
    if (entry.source == Entry::Source::file && node[key])
      throw at(file, node[key].Mark(), "image '" + name + "' has a file, so no " + key);
  if (entry.source == Entry::Source::file && !entry.file.starts_with("/"))
    throw at(file, node["file"].Mark(),
             "file '" + entry.file + "' must be a path that begins with /");
  if (entry.source == Entry::Source::url && !node["digest"] && entry.digest_url.empty())
    throw at(file, node.Mark(),
             "image '" + name +
                 "' has a url but neither digest nor digest_url: it could not be checked");
  check_signature_keys(file, name, node);
  entry.digest = read_digest(file, name, node["digest"]);
  return entry;
}

}  // namespace

std::vector<Entry> load_manifest(const std::filesystem::path& file) {
  try {
    const YAML::Node root = YAML::Load(read_text(file));
    const YAML::Node images = root["images"];
    if (!images || !images.IsMap()) throw at(file, root.Mark(), "expected a map 'images'");
    std::vector<Entry> entries;
    for (const auto& item : images) {
      check_name(file, item.first);
      check_new(file, item.first, entries);
      entries.push_back(read_entry(file, item.first.Scalar(), item.second));
    }
    return entries;
  } catch (const YAML::Exception& error) {
    throw at(file, error.mark, error.msg);
  }
}

void check_image_name(const std::string& name) {
  if (!is_image_name(name))
    throw base::user_error(std::string(name_rule) + ", not '" + name + "'", "another name");
}

std::string origin_text(const Entry& entry) {
  if (entry.source == Entry::Source::file) return entry.file;
  if (entry.source == Entry::Source::url) return entry.url;
  return "images/" + entry.recipe + (entry.suite.empty() ? "" : " of " + entry.suite);
}

const Entry& find_entry(const std::vector<Entry>& entries, const std::string& name) {
  const auto found = std::ranges::find(entries, name, &Entry::name);
  if (found != entries.end()) return *found;
  std::string names;
  for (const Entry& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  throw base::user_error("unknown image '" + name + "'; known images: " + names, "lab image list");
}

}  // namespace lab::image
