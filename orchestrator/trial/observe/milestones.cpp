// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/milestones.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lab::trial {
namespace {

// Of a line that does not end, the last bytes are kept: more than any text that is looked for.
constexpr std::size_t max_line = 4096;

constexpr std::pair<std::string_view, Mark> milestone_texts[] = {
    {"Linux version ", Mark::kernel},
    {"Run /init as init process", Mark::init},
    {"Freeing unused kernel", Mark::init},
    {"systemd[1]:", Mark::init},
    {"login:", Mark::multi_user},
    {"Reached target multi-user", Mark::multi_user},   // systemd 248 and later
    {"Reached target Multi-User", Mark::multi_user}};  // before

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
    line_.clear();
    escape_ = Escape::none;
    bytes.remove_prefix(end + 1);
  }
  return found;
}

void ConsoleMarks::begin(std::string pattern, bool again) {
  pattern_ = std::move(pattern);
  again_ = again;
  seen_ = 0;
  line_.clear();
  escape_ = Escape::none;
}

// Escape sequences as of ECMA-48: ESC [ up to a byte of 0x40..0x7e, or ESC and one byte.
void ConsoleMarks::add_text(std::string_view bytes) {
  for (const char c : bytes) {
    if (escape_ == Escape::begun) {
      escape_ = c == '[' ? Escape::sequence : Escape::none;
    } else if (escape_ == Escape::sequence) {
      if (c >= 0x40 && c <= 0x7e) escape_ = Escape::none;
    } else if (c == '\x1b') {
      escape_ = Escape::begun;
    } else {
      line_ += c;
    }
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
  if (line_.size() > max_line) line_.erase(0, line_.size() - max_line);
}

}  // namespace lab::trial
