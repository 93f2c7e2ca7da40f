// SPDX-License-Identifier: MIT
// Implements `extends: other.yaml`, which builds a scenario on others. For the loader only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// Returns a file's text; throws base::Error where there is none.
using ReadFile = std::function<std::string(const std::string& file)>;

// Returns the whole tree without `extends`: maps are merged deeply, and each node names its file.
// At most 8 files in all. Throws base::Error (user).
Node parse_with_bases(std::string_view text, const std::string& file, const ReadFile& read);

}  // namespace lab::scenario
