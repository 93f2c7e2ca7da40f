// SPDX-License-Identifier: MIT
#include "orchestrator/image/manifest.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::image {
namespace fs = std::filesystem;
namespace {

constexpr const char* header =
    "# SPDX-License-Identifier: MIT\n"
    "# Images of your own; `lab image add` and `lab image remove` write this file anew.\n";

bool has_name(const std::vector<Entry>& entries, const std::string& name) {
  return std::ranges::find(entries, name, &Entry::name) != entries.end();
}

void emit(YAML::Emitter& out, const char* key, const std::string& value) {
  if (!value.empty()) out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
}

void save(const fs::path& file, const std::vector<Entry>& entries) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "images" << YAML::Value << YAML::BeginMap;
  for (const Entry& entry : entries) {
    if (!entry.own) continue;
    out << YAML::Key << entry.name << YAML::Value << YAML::BeginMap;
    emit(out, "description", entry.description);
    emit(out, "file", entry.file);
    emit(out, "url", entry.url);
    emit(out, "digest", entry.digest);
    emit(out, "digest_url", entry.digest_url);
    emit(out, "signature_url", entry.signature_url);
    emit(out, "keyring", entry.keyring);
    out << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  base::write_file(file, std::string(header) + out.c_str() + "\n");
}

}  // namespace

fs::path own_manifest(const base::Folders& folders) {
  return folders.config / "images.yaml";
}

std::vector<Entry> load_own_images(const base::Folders& folders, const std::vector<Entry>& taken) {
  const fs::path file = own_manifest(folders);
  if (folders.config.empty() || !fs::exists(file)) return {};
  std::vector<Entry> entries = load_manifest(file);
  for (Entry& entry : entries) {
    entry.own = true;
    if (has_name(taken, entry.name))
      throw base::user_error(file.string() + ": image '" + entry.name + "' is lab's own",
                             "give yours another name there");
    if (entry.source == Entry::Source::recipe)
      throw base::user_error(
          file.string() + ": image '" + entry.name + "' has neither file nor url",
          "lab image add NAME FILE");
  }
  return entries;
}

void add_own_image(const base::Folders& folders, const Entry& entry,
                   const std::vector<Entry>& all) {
  check_image_name(entry.name);
  for (const std::string& text : {entry.file, entry.url, entry.digest_url, entry.description}) {
    if (!base::is_utf8(text))
      throw base::user_error(
          "image '" + entry.name + "': " + base::printable_ascii(text) + " is not valid UTF-8",
          "write it in UTF-8, or give the file another name");
  }
  const auto found = std::ranges::find(all, entry.name, &Entry::name);
  if (found != all.end() && !found->own)
    throw base::user_error("image '" + entry.name + "' is lab's own", "another name");
  if (found != all.end())
    throw base::user_error("image '" + entry.name + "' is there already: " + origin_text(*found),
                           "lab image remove " + entry.name);
  std::vector<Entry> more = all;
  more.push_back(entry);
  more.back().own = true;
  save(own_manifest(folders), more);
}

void remove_own_image(const base::Folders& folders, const std::string& name,
                      const std::vector<Entry>& all) {
  std::vector<Entry> left = all;
  const auto removed =
      std::erase_if(left, [&](const Entry& entry) { return entry.own && entry.name == name; });
  if (removed == 0) throw base::user_error("no image of yours is called '" + name + "'");
  save(own_manifest(folders), left);
}

}  // namespace lab::image
