// SPDX-License-Identifier: MIT
// Translates the names of keys.
#pragma once

#include <string>
#include <vector>

namespace lab::guest {

// Returns Linux' key codes of "ctrl+alt+delete": letters, digits, f1..f12, ctrl, alt, shift,
// delete, enter, esc, tab, space, up, down, left, right, sysrq; at most 16. Throws a user error for
// others.
std::vector<unsigned> key_codes(const std::string& keys);

}  // namespace lab::guest
