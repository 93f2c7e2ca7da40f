// SPDX-License-Identifier: MIT
// For tests of what reads text: the text with one piece of it replaced.
#pragma once

#include <string>

namespace lab::exits {

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace lab::exits
