// SPDX-License-Identifier: MIT
// Makes JSON Schema rules for single values of a scenario.
#pragma once

#include <nlohmann/json.hpp>

#include "orchestrator/scenario/keys/key_info.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {

// The types that YAML gives to text without quotes.
inline const nlohmann::ordered_json any_text = {"string", "number", "boolean"};

nlohmann::ordered_json reference(std::string_view definition);

// Allows what the rule allows, or null: `extends` merges maps, where a key without a value removes
// one.
nlohmann::ordered_json or_null(nlohmann::ordered_json rule);

// Allows a number with its unit, or one of the words.
nlohmann::ordered_json quantity(std::span<const Unit> units,
                                std::span<const std::string_view> instead = {});

nlohmann::ordered_json words_rule(std::span<const std::string_view> words);

// Returns an empty rule where the form is special.
nlohmann::ordered_json value_rule(const KeyInfo& key);

}  // namespace lab::scenario
