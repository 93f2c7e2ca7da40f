// SPDX-License-Identifier: MIT
// Describes and writes to the terminal that lab was started from.
#pragma once

#include <cstddef>
#include <string>

#include "orchestrator/report/report.hpp"

namespace lab::terminal {

// Is the size of the file descriptor's terminal; 80 x 24 where the terminal does not report one.
struct TerminalSize {
  std::size_t columns = 80, lines = 24;
};
TerminalSize terminal_size(int fd);

// Returns whether the file descriptor is a terminal that understands escape sequences: TERM must be
// set, and not to "dumb".
bool takes_escapes(int fd);

// Enables colour only on such a terminal and without NO_COLOR.
report::Style terminal_style();

// Writes to standard error; ignores that it is closed or full.
void say(const std::string& text);

}  // namespace lab::terminal
