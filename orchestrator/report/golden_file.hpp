// SPDX-License-Identifier: MIT
// Compares texts with the files in golden/, for tests. LAB_UPDATE_GOLDEN=1 rewrites the files (look
// at the difference).
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace lab::report {

inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(LAB_SOURCE_DIR) + "/orchestrator/report/golden/" + name;
  if (std::getenv("LAB_UPDATE_GOLDEN")) std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string golden((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, golden) << "differs from " << path;
}

}  // namespace lab::report
