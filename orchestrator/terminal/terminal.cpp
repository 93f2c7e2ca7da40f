// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace lab::terminal {

TerminalSize terminal_size(int fd) {
  constexpr unsigned fewest_columns = 20, fewest_lines = 2;  // smaller sizes are nonsense
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {std::max<unsigned>(size.ws_col, fewest_columns),
          std::max<unsigned>(size.ws_row, fewest_lines)};
}

bool takes_escapes(int fd) {
  const char* type = std::getenv("TERM");
  return ::isatty(fd) != 0 && type != nullptr && std::string_view(type) != "dumb";
}

report::Style terminal_style() {
  return {.colour = takes_escapes(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr};
}

void say(const std::string& text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace lab::terminal
