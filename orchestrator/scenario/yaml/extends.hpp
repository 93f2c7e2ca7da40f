// SPDX-License-Identifier: MIT
// `extends: other.yaml`: a scenario on top of others. For the loader only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "orchestrator/scenario/yaml/yaml.hpp"

namespace lab::scenario {

// A file's text; throws base::Error where there is none.
using ReadFile = std::function<std::string(const std::string& file)>;

// The whole tree, maps merged deeply, each node with the file it stands in; without `extends`.
// At most 8 files in all. Throws base::Error (user).
Node parse_with_bases(std::string_view text, const std::string& file, const ReadFile& read);

}  // namespace lab::scenario
