// SPDX-License-Identifier: MIT
// Generates the reference of the scenario language from the loader's tables: scenarios/schema.json
// and the tables in scenarios/README.md. For the test that compares and rewrites them.
#pragma once

#include <string>

namespace lab::scenario {

// Returns the JSON Schema (draft 07).
std::string schema_text();

// Return tables in Markdown, each with its heading.
std::string keys_table();
std::string steps_table();
std::string expect_table();

}  // namespace lab::scenario
