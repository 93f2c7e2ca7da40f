// SPDX-License-Identifier: MIT
// Replaces a piece of a text, for tests of parsers.
#pragma once

#include <string>

namespace lab::exits {

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace lab::exits
