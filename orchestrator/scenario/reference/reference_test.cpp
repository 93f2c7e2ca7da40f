// SPDX-License-Identifier: MIT
// Tests that scenarios/schema.json and the tables in scenarios/README.md equal what the loader's
// tables generate. LAB_UPDATE_GOLDEN=1 rewrites them (look at the difference).
#include "orchestrator/scenario/reference/reference.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace lab::scenario {
namespace {

std::string committed(const std::string& name) {
  std::ifstream file(std::string(LAB_SOURCE_DIR) + "/scenarios/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_committed(const std::string& name, const std::string& made) {
  if (std::getenv("LAB_UPDATE_GOLDEN"))
    std::ofstream(std::string(LAB_SOURCE_DIR) + "/scenarios/" + name) << made;
  EXPECT_EQ(committed(name), made)
      << "scenarios/" << name
      << " differs: LAB_UPDATE_GOLDEN=1 build/release/orchestrator/lab_scenario_test "
         "--gtest_filter='Reference.*'";
}

// Returns the text with the part between the markers replaced.
std::string with_table(std::string text, const std::string& name, const std::string& table) {
  const std::string begin = "<!-- begin: " + name + " -->\n", end = "<!-- end: " + name + " -->";
  const std::size_t first = text.find(begin), last = text.find(end);
  if (first == std::string::npos || last == std::string::npos || last < first) {
    ADD_FAILURE() << "README.md lacks the markers of " << name;
    return text;
  }
  const std::size_t from = first + begin.size();
  return text.replace(from, last - from, table);
}

TEST(Reference, SchemaIsWhatTheTablesMake) {
  expect_committed("schema.json", schema_text());
}

TEST(Reference, ReadmeHasTheTables) {
  std::string text = committed("README.md");
  text = with_table(text, "keys", keys_table());
  text = with_table(text, "steps", steps_table());
  text = with_table(text, "expect", expect_table());
  expect_committed("README.md", text);
}

}  // namespace
}  // namespace lab::scenario
