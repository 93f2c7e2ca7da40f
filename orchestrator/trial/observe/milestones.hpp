// SPDX-License-Identifier: MIT
// What a guest's console tells of how far its boot is: seen from outside, so that nothing of it
// disturbs the guest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lab::trial {

enum class Mark {
  kernel,  // "Linux version": the kernel's first line
  init,    // user space begins: "Run /init as init process", "Freeing unused kernel", "systemd[1]:"
  multi_user,  // "login:", "Reached target multi-user"
  pattern,     // the text that a scenario waits for
};

std::string_view to_string(Mark mark);  // "kernel", "init", "multi-user", "pattern"

// Finds the marks in the console's bytes, however they are split. Colours and other escape
// sequences do not count as text; a mark stands in one line. Where messages of the kernel, which
// begin with their time, fall into a line, that line goes on after them.
class ConsoleMarks {
 public:
  // The marks that these bytes complete, each once from begin() on.
  std::vector<Mark> feed(std::string_view bytes);
  bool seen(Mark mark) const { return (seen_ & bit(mark)) != 0; }

  // A boot begins: nothing is seen yet. `pattern` may be empty. `again`: a reboot, so what init
  // says before the kernel is the old one's going down.
  void begin(std::string pattern, bool again = false);

 private:
  static constexpr unsigned bit(Mark mark) { return 1u << static_cast<unsigned>(mark); }
  void add_text(std::string_view bytes);
  void add(char c);
  void end_line();
  void look(std::vector<Mark>& found);

  enum class Escape { none, begun, sequence, text };
  Escape escape_ = Escape::none;
  std::string line_;       // the open line, as far as it matters
  std::size_t begun_ = 0;  // bytes of it that stood before a message of the kernel
  std::string pattern_;
  unsigned seen_ = 0;
  bool again_ = false;
};

}  // namespace lab::trial
