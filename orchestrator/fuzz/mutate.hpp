// SPDX-License-Identifier: MIT
// Changes inputs for the unit test without a fuzzer: the same way each time.
#pragma once

#include <array>
#include <random>
#include <string>

namespace lab::fuzz {

// Makes one to four changes: a byte, some bytes gone or twice, or a word that parsers stumble over.
inline std::string mutate(std::string text, std::mt19937& random) {
  static constexpr std::array<const char*, 12> words{"-1",
                                                     "1e300",
                                                     "18446744073709551616",
                                                     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                                     "null",
                                                     "\"",
                                                     "{",
                                                     "\xff",
                                                     "\n",
                                                     "\\u0000",
                                                     "0.5",
                                                     ": "};
  for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
    if (text.empty()) text = "x";
    const std::size_t at = random() % text.size(), length = 1 + random() % 9;
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length * 8));
        break;
      default:
        text.replace(at, random() % 4, words[random() % words.size()]);
    }
  }
  return text;
}

}  // namespace lab::fuzz
