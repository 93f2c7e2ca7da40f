// SPDX-License-Identifier: MIT
// Reads settings that name the user's own files. A relative path is relative to the scenario that
// contains it, and with --set to the current folder.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

inline constexpr std::size_t longest_path = 1024;

// Returns whether a text that may be a name or a path is a path. A name contains no slash, so a
// file in the scenario's folder is "./my.qcow2".
bool is_path(std::string_view text);

// Returns the value as an absolute path without "." and ".."; "~/" is the user's home. Throws a
// user error where it is no path: empty, more than longest_path bytes, or with control characters.
std::string read_path(const Node& value, const std::string& what);

// Returns the text that names in `file` the path that `text` names at `where`: the same text where
// relative paths begin in the same folder.
std::string path_in(const std::string& file, const std::string& text, const std::string& where);

}  // namespace lab::scenario
