// SPDX-License-Identifier: MIT
// Settings that name files of the user's own. A relative path is relative to the scenario in which
// it stands, and with --set to the current folder.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

inline constexpr std::size_t longest_path = 1024;

// Whether what may also be a name is a path: a name has no slash, so that a file in the scenario's
// folder is "./my.qcow2".
bool is_path(std::string_view text);

// The value as an absolute path without "." and "..", "~/" being the user's home. Error (user)
// where it is no path: empty, more than longest_path bytes, or with control characters.
std::string read_path(const Node& value, const std::string& what);

// The text that means in `file` what the path `text` means at `where`: the same one where a
// relative path begins in the same folder.
std::string path_in(const std::string& file, const std::string& text, const std::string& where);

}  // namespace lab::scenario
