// SPDX-License-Identifier: MIT
// A program that lab talks to by its standard input and output.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/child.hpp"

namespace lab::base {

// Nothing here waits, but for the end. It gets SIGTERM where lab dies, and is expected to end when
// its standard input does.
class PipedProcess {
 public:
  explicit PipedProcess(const Command& command);  // Error (infrastructure) where it cannot start
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;
  // Closes its input; waits for its end as long as `ending` allows.
  ~PipedProcess();

  pid_t pid() const { return child_.pid; }
  int input_fd() const { return child_.input.get(); }    // -1 once it is closed
  int errors_fd() const { return child_.errors.get(); }  // -1 once it is closed
  Fd take_output() { return std::move(child_.output); }  // not blocking

  // Bytes for its input; they are sent as it takes them, by flush().
  void write(std::string_view bytes) { unsent_ += bytes; }
  bool has_unsent() const { return !unsent_.empty(); }
  void flush();
  // Keeps the last bytes of what it prints on standard error.
  void read_errors();

  bool ended() const { return has_ended(child_.pid); }
  // Tells it to end: by its input, and whoever is in its process group by SIGTERM.
  void end();
  // Ends it; true where that is done. Call it until then: who does not go in time is killed.
  bool ending();
  // "exit code 255: ssh: connect to host ...", of one that has ended.
  std::string last_words();

 private:
  void terminate();

  Child child_;
  std::string unsent_, errors_;
  bool told_ = false, terminated_ = false, killed_ = false;
  Stopwatch since_told_;
};

}  // namespace lab::base
