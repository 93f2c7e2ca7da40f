// SPDX-License-Identifier: MIT
// Runs a program that lab talks to by its standard input and output.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/child.hpp"

namespace lab::base {

// Only the destructor waits. The program gets SIGTERM where lab dies, and should end when its
// standard input does.
class PipedProcess {
 public:
  // Throws an infrastructure error where it cannot start.
  explicit PipedProcess(const Command& command);
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;
  // Closes its input and waits for its end as long as ending() allows.
  ~PipedProcess();

  pid_t pid() const { return child_.pid; }
  int input_fd() const { return child_.input.get(); }    // -1 once it is closed
  int errors_fd() const { return child_.errors.get(); }  // -1 once it is closed
  Fd take_output() { return std::move(child_.output); }  // not blocking

  // Queues bytes for its input; flush() sends as many as it accepts.
  void write(std::string_view bytes) { unsent_ += bytes; }
  bool has_unsent() const { return !unsent_.empty(); }
  void flush();
  // Reads its standard error and keeps the last bytes.
  void read_errors();

  bool ended() const { return has_ended(child_.pid); }
  // Asks it to end: closes its input and sends SIGTERM to its process group.
  void end();
  // Ends it and returns whether that is done. Call it until then: it kills one that ends too late.
  bool ending();
  // Describes how it ended: "exit code 255: ssh: connect to host ...".
  std::string last_words();

 private:
  void terminate();

  Child child_;
  std::string unsent_, errors_;
  bool told_ = false, terminated_ = false, killed_ = false;
  Stopwatch since_told_;
};

}  // namespace lab::base
