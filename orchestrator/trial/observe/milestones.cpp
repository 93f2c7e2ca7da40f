// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/milestones.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "orchestrator/base/text/pattern.hpp"

namespace lab::trial {
namespace {

// Limits what is kept of a line without an end: its last bytes, more than any text searched for.
constexpr std::size_t max_line = 4096;

constexpr std::pair<std::string_view, Mark> milestone_texts[] = {
    {"Linux version ", Mark::kernel},
    {"Run /init as init process", Mark::init},
    {"Freeing unused kernel", Mark::init},
    {"systemd[1]:", Mark::init},
    {"login:", Mark::multi_user},
    {"Reached target multi-user", Mark::multi_user},   // systemd 248 and later
    {"Reached target Multi-User", Mark::multi_user}};  // before

// Returns where a kernel message begins in the line, "[    1.234567] " or with "[   T12] " after
// that; npos where none does.
std::size_t find_kernel_message(const std::string& line) {
  static const base::Pattern time(R"(\[ *[0-9]{1,7}\.[0-9]{6}\](\[ *[TC][0-9]+\])? )");
  return time.find(line);
}

}  // namespace

std::string_view to_string(Mark mark) {
  constexpr std::array<std::string_view, 4> names{"kernel", "init", "multi-user", "pattern"};
  return names[static_cast<std::size_t>(mark)];
}

std::vector<Mark> ConsoleMarks::feed(std::string_view bytes) {
  std::vector<Mark> found;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find_first_of("\n\r");
    add_text(bytes.substr(0, end));
    look(found);
    if (end == std::string_view::npos) break;
    end_line();
    bytes.remove_prefix(end + 1);
  }
  return found;
}

void ConsoleMarks::begin(std::string pattern, bool again) {
  pattern_ = std::move(pattern);
  again_ = again;
  seen_ = 0;
  line_.clear();
  begun_ = 0;
  escape_ = Escape::none;
}

// A line may end in two bytes, so an empty line changes nothing.
void ConsoleMarks::end_line() {
  escape_ = Escape::none;
  if (line_.size() == begun_) return;
  const std::size_t message = find_kernel_message(line_);
  begun_ = message == std::string::npos ? 0 : message;
  line_.resize(begun_);
}

void ConsoleMarks::add_text(std::string_view bytes) {
  for (const char c : bytes) add(c);
}

// Skips the escape sequences of ECMA-48: ESC [ up to a byte of 0x40..0x7e; ESC and one of ] P X ^ _
// up to ESC \ (xterm: or BEL), which is text for the terminal; ESC, bytes of 0x20..0x2f, and one
// byte.
void ConsoleMarks::add(char c) {
  switch (escape_) {
    case Escape::none:
      if (c == '\x1b')
        escape_ = Escape::begun;
      else
        line_ += c;
      break;
    case Escape::begun:
      if (c == '[')
        escape_ = Escape::sequence;
      else if (std::string_view("]PX^_").find(c) != std::string_view::npos)
        escape_ = Escape::text;
      else if (c < 0x20 || c > 0x2f)
        escape_ = Escape::none;
      break;
    case Escape::sequence:
      if (c >= 0x40 && c <= 0x7e) escape_ = Escape::none;
      break;
    case Escape::text:
      if (c == '\x1b')
        escape_ = Escape::begun;  // its end, or another one, which cuts it short
      else if (c == '\a')
        escape_ = Escape::none;
      break;
  }
}

void ConsoleMarks::look(std::vector<Mark>& found) {
  const auto mark = [&](std::string_view text, Mark what) {
    if (what == Mark::init && again_ && !seen(Mark::kernel)) return;
    if (text.empty() || seen(what) || line_.find(text) == std::string::npos) return;
    seen_ |= bit(what);
    found.push_back(what);
  };
  for (const auto& [text, what] : milestone_texts) mark(text, what);
  mark(pattern_, Mark::pattern);
  if (line_.size() <= max_line) return;
  line_.erase(0, line_.size() - max_line);
  begun_ = 0;
}

}  // namespace lab::trial
