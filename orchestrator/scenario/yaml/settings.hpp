// SPDX-License-Identifier: MIT
// The settings by their dotted keys: one way in for the file, the matrix and --set.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// One of the table: what it allows, for documentation and tests. kvm.parameters.NAME is none.
struct Setting {
  std::string_view key;
  void (*read)(Settings&, const Setting&, const Node&);
  // Returns the value as read() takes it, or "" where none is set. Null where the value is kept as
  // a module parameter.
  std::string (*write)(const Settings&);
  std::span<const std::string_view> words = {};  // where it is one of these
  std::uint64_t min = 0, max = 0;                // of a number or, in bytes, of memory
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

// For messages: "image, guest.vcpus, ...".
std::string setting_keys();
std::string nearest_setting(std::string_view key);  // ", did you mean ..." or nothing

// Reads `value` into the setting that the canonical key names. Throws base::Error (user).
void apply_setting(Settings& settings, const std::string& key, const Node& value);
void apply_setting(Settings& settings, const std::string& key, const std::string& value,
                   const std::string& where);

// A map of settings and maps of them: "guest", "host", "kvm".
void apply_settings(Settings& settings, const std::string& group, const Node& map, SaidMap& said);

}  // namespace lab::scenario
