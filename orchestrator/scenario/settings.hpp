// SPDX-License-Identifier: MIT
// The settings by their dotted keys: one way in for the file, the matrix and --set.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml.hpp"

namespace lab::scenario {

// "paging" is short for "kvm.paging".
std::string canonical_key(std::string_view key);

// Whether `key` names a setting at all.
bool is_setting(std::string_view key);

// For messages: "image, guest.vcpus, ...".
std::string setting_keys();
std::string nearest_setting(std::string_view key);  // ", did you mean ..." or nothing

// Reads `value` into the setting that the canonical key names. Throws base::Error (user).
void apply_setting(Settings& settings, const std::string& key, const Node& value);

// Decides paging from what was said about it. `where` goes before the message.
void resolve_paging(Settings& settings, const std::string& where);

}  // namespace lab::scenario
