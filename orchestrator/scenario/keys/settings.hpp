// SPDX-License-Identifier: MIT
// Defines the settings by their dotted keys: the file, the matrix and --set all read them here.
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

// Is a key that the matrix can vary. kvm.parameters.NAME is not in the table.
struct Setting : KeyInfo {
  void (*read)(Settings&, const KeyInfo&, const Node&);
  // Returns the value in the form that read() accepts, or "" where none is set. Null where the
  // value is stored as a module parameter.
  std::string (*write)(const Settings&);
};

std::span<const Setting> settings_table();

// Contains the text that the file and --set give for each setting's key.
struct Said {
  std::string text;
  std::string where;
};
using SaidMap = std::map<std::string, Said, std::less<>>;

// Replaces "paging", which is short for "kvm.paging".
std::string canonical_key(std::string_view key);

// Returns whether `key` names a setting.
bool is_setting(std::string_view key);

// Returns whether `key` names a map of settings: "guest", "guest.disk".
bool is_settings_group(std::string_view key);

// Lists the keys for messages: "image, guest.vcpus, ...".
std::string setting_keys();
std::string nearest_setting(std::string_view key);  // ", did you mean ..." or nothing

// Returns the value's text as it would stand in the scenario `file`: a path in an extended file or
// from --set is relative to another folder.
std::string text_in(const std::string& file, const std::string& key, const Node& value);

// Returns a setting's value for use in any folder: a path relative to the current one becomes
// absolute.
std::string in_any_folder(std::string_view key, const std::string& value);

// Reads `value` into the setting that the canonical key names. Throws base::Error (user).
void apply_setting(Settings& settings, const std::string& key, const Node& value);
void apply_setting(Settings& settings, const std::string& key, const std::string& value,
                   const std::string& where);

// The values of exit_scope, as which kvm.scope is stored.
inline constexpr std::string_view scope_words[] = {"vm", "host"};

// Reads a parameter of the KVM modules that the scenario names itself: kvm.parameters.NAME
// (parameters.cpp). Throws base::Error (user) where the name is no parameter's or one that lab sets
// itself, or where no trial is possible with the value.
void apply_parameter(Settings& settings, const std::string& name, const Node& value);

// Reads a map of settings and maps of them: "guest", "host", "kvm".
void apply_settings(Settings& settings, const std::string& group, const Node& map, SaidMap& said);

}  // namespace lab::scenario
