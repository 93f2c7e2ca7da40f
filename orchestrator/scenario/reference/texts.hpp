// SPDX-License-Identifier: MIT
// Makes the reference's texts about a key, in Markdown.
#pragma once

#include <string>

#include "orchestrator/scenario/keys/scenario_keys.hpp"
#include "orchestrator/scenario/keys/settings.hpp"

namespace lab::scenario {

std::string allowed_text(const KeyInfo& key);

std::string default_text(const KeyInfo& key);
std::string default_text(const Setting& setting);
std::string default_text(const ScenarioKey& key);

// Returns the Markdown without its marks, and for a link its text.
std::string plain_text(std::string_view markdown);

}  // namespace lab::scenario
