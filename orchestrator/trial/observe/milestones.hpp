// SPDX-License-Identifier: MIT
// Finds on a guest's console how far its boot has come; this happens outside the guest, so it does
// not disturb the guest.
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
// sequences do not count as text, and a mark must lie within one line. Where kernel messages, which
// begin with their time, interrupt a line, the line continues after them.
class ConsoleMarks {
 public:
  // Returns the marks that these bytes complete, each once after begin().
  std::vector<Mark> feed(std::string_view bytes);
  bool seen(Mark mark) const { return (seen_ & bit(mark)) != 0; }

  // Begins a boot, in which no mark is seen yet. `pattern` may be empty. `again` means a reboot: a
  // mark of init before the kernel's then comes from the old kernel's shutdown.
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
  std::size_t begun_ = 0;  // bytes of it before a kernel message
  std::string pattern_;
  unsigned seen_ = 0;
  bool again_ = false;
};

}  // namespace lab::trial
