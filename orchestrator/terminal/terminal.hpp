// SPDX-License-Identifier: MIT
// The terminal that lab is started from.
#pragma once

#include <cstddef>
#include <string>

#include "orchestrator/report/report.hpp"

namespace lab::terminal {

// Of the terminal that the file descriptor is; 80 x 24 where it does not say.
struct TerminalSize {
  std::size_t columns = 80, lines = 24;
};
TerminalSize terminal_size(int fd);

// Whether the file descriptor is a terminal that understands escape sequences: by TERM, which is
// "dumb" or not there where it does not.
bool takes_escapes(int fd);

// Colour only on such a terminal and without NO_COLOR.
report::Style terminal_style();

// To standard error; a closed or full one is no reason to stop.
void say(const std::string& text);

}  // namespace lab::terminal
