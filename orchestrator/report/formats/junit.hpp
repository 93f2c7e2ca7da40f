// SPDX-License-Identifier: MIT
// Writes JUnit XML, suites of tests that CI systems read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::report {

struct JUnitProblem {
  bool failure = false;  // else an error: the test could not run
  std::string type, message, text;
};

struct JUnitTest {
  std::string scenario, name;
  // Is added to the name where another test of the suite has the same name: readers take the second
  // of two equal test cases for a retry of the first.
  std::string distinction;
  double seconds = 0;
  std::optional<JUnitProblem> problem;
  std::string output;  // "" for none
};

struct JUnitSuite {
  std::string name;
  std::string timestamp;          // ISO 8601 without a zone, UTC; "" for none
  record::Conditions properties;  // none: no element
  std::vector<JUnitTest> tests;
};

// Returns a document that follows Jenkins' junit-10.xsd. Any text may come from a guest. The suites
// of other lab documents, given as files, come before its own; throws an infrastructure error where
// one of them is not XML.
std::string junit_document(const std::string& name, const std::vector<JUnitSuite>& suites,
                           const std::vector<std::filesystem::path>& others = {});

}  // namespace lab::report
