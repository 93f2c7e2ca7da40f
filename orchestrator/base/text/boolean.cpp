// SPDX-License-Identifier: MIT
#include "orchestrator/base/text/boolean.hpp"

#include <cctype>

namespace lab::base {

std::optional<bool> kernel_boolean(std::string_view text) {
  const auto letter = [&](std::size_t i) {
    return i < text.size() ? std::tolower(static_cast<unsigned char>(text[i])) : 0;
  };
  const int first = letter(0), second = letter(1);
  if (first == 'y' || first == 't' || first == '1' || (first == 'o' && second == 'n')) return true;
  if (first == 'n' || first == 'f' || first == '0' || (first == 'o' && second == 'f')) return false;
  return std::nullopt;
}

}  // namespace lab::base
