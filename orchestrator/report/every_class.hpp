// SPDX-License-Identifier: MIT
// Lists characters of every class, to test that each format writes all of them harmlessly.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "orchestrator/base/json.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {

// Contains one or more of each class of Unicode, and bytes that are not UTF-8.
inline const std::vector<std::string> every_class = {std::string(1, '\0'),
                                                     "\x01",
                                                     "\b",
                                                     "\t",
                                                     "\n",
                                                     "\r",
                                                     "\x1f",
                                                     "\x7f",
                                                     "\u0085",
                                                     "\u009f",
                                                     "\u00a0",
                                                     "\u00ad",
                                                     "\u0301",
                                                     "\u061c",
                                                     "\u200b",
                                                     "\u2028",
                                                     "\u2029",
                                                     "\u202e",
                                                     "\u2066",
                                                     "\ufdd0",
                                                     "\ufdef",
                                                     "\ufe0f",
                                                     "\ufeff",
                                                     "\ufff9",
                                                     "\ufffd",
                                                     "\ufffe",
                                                     "\uffff",
                                                     "\U0001f600",
                                                     "\U0001fffe",
                                                     "\U0001ffff",
                                                     "\ue000",
                                                     "\U000e0001",
                                                     "\U000f0000",
                                                     "\U0010fffe",
                                                     "\U0010ffff",
                                                     "\xed\xa0\x80",
                                                     "\xc0\x80",
                                                     "\xf4\x90\x80\x80",
                                                     "\xff",
                                                     "]]>",
                                                     "<",
                                                     "&",
                                                     "\"",
                                                     "'"};

// Fails where the output has a character that printable() replaces: one that upsets a terminal,
// that hides or reorders text, or that XML forbids. `said` is the text that was put in.
inline void expect_harmless(const std::string& output, const std::string& said) {
  EXPECT_EQ(printable(output, true), output) << "from " << printable(said);
}

inline void expect_harmless_json(const std::string& output, const std::string& said) {
  expect_harmless(output, said);
  EXPECT_TRUE(base::try_parse_json(output)) << "from " << printable(said);
}

// The same for output that is not all text.
inline void expect_not_raw(const std::string& output, const std::string& said) {
  EXPECT_TRUE(printable(said) == said || output.find(said) == std::string::npos) << printable(said);
}

inline bool have_xmllint() {
  return std::system("xmllint --version >/dev/null 2>&1") == 0;
}

// Returns whether a strict parser, unlike pugixml, takes the text for XML.
inline bool is_strict_xml(const std::string& text) {
  const std::string file = testing::TempDir() + "lab-xml-" + std::to_string(::getpid()) + ".xml";
  std::ofstream(file) << text;
  const int status = std::system(("xmllint --noout " + file).c_str());
  std::filesystem::remove(file);
  return status == 0;
}

}  // namespace lab::report
