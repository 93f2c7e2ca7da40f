// SPDX-License-Identifier: MIT
// The scenario language as its own tables have it: what scenarios/schema.json and the tables in
// scenarios/README.md must be. For the test that compares and rewrites them.
#pragma once

#include <string>

namespace lab::scenario {

// The JSON Schema (draft 07).
std::string schema_text();

// Tables in Markdown, each with its heading.
std::string keys_table();
std::string steps_table();
std::string expect_table();

}  // namespace lab::scenario
