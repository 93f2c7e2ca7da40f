// SPDX-License-Identifier: MIT
// The settings by their dotted keys: one way in for the file, the matrix and --set.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/scenario/keys/key_info.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// A key that the matrix can vary. kvm.parameters.NAME is none of the table.
struct Setting : KeyInfo {
  void (*read)(Settings&, const KeyInfo&, const Node&);
  // Returns the value as read() takes it, or "" where none is set. Null where the value is kept as
  // a module parameter.
  std::string (*write)(const Settings&);
};

std::span<const Setting> settings_table();

// What the file and --set said by each setting's key.
struct Said {
  std::string text;
  std::string where;
};
using SaidMap = std::map<std::string, Said, std::less<>>;

// "paging" is short for "kvm.paging".
std::string canonical_key(std::string_view key);

// Whether `key` names a setting at all.
bool is_setting(std::string_view key);

// Whether settings stand in the map that `key` names: "guest", "guest.disk".
bool is_settings_group(std::string_view key);

// For messages: "image, guest.vcpus, ...".
std::string setting_keys();
std::string nearest_setting(std::string_view key);  // ", did you mean ..." or nothing

// The value's text as it is said in the scenario `file`, wherever it stands: a path of an extended
// file or of --set is relative to another folder.
std::string text_in(const std::string& file, const std::string& key, const Node& value);

// Reads `value` into the setting that the canonical key names. Throws base::Error (user).
void apply_setting(Settings& settings, const std::string& key, const Node& value);
void apply_setting(Settings& settings, const std::string& key, const std::string& value,
                   const std::string& where);

// A map of settings and maps of them: "guest", "host", "kvm".
void apply_settings(Settings& settings, const std::string& group, const Node& map, SaidMap& said);

}  // namespace lab::scenario
