// SPDX-License-Identifier: MIT
// Generates the reference of the scenario language from the loader's tables: scenarios/schema.json
// and the tables in scenarios/README.md. For the test that compares and rewrites them.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/scenario/keys/key_info.hpp"
#include "orchestrator/scenario/keys/scenario_keys.hpp"
#include "orchestrator/scenario/keys/settings.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {

// Returns the JSON Schema (draft 07).
std::string schema_text();

// Return tables in Markdown, each with its heading.
std::string keys_table();
std::string steps_table();
std::string expect_table();

// These make JSON Schema rules for single values of a scenario (rules.cpp).
//
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

// These make the reference's texts about a key, in Markdown (texts.cpp).
std::string allowed_text(const KeyInfo& key);

std::string default_text(const KeyInfo& key);
std::string default_text(const Setting& setting);
std::string default_text(const ScenarioKey& key);

// Returns the Markdown without its marks, and for a link its text.
std::string plain_text(std::string_view markdown);

}  // namespace lab::scenario
