// SPDX-License-Identifier: MIT
// Defines the exception that stops a trial or a command, and the exit codes that scripts rely on.
#pragma once

#include <stdexcept>
#include <string>

namespace lab::base {

// Lists the exit codes of every lab command. They are an interface: never renumber them.
enum ExitCode : int {
  exit_ok = 0,
  exit_regression = 1,      // regression or unmet expectation
  exit_usage = 2,           // wrong usage or input
  exit_infrastructure = 3,  // the machinery failed
  exit_no_data = 4,         // not enough data to judge; never a pass
  exit_guest_failed = 5,    // the guest panicked or crashed
  exit_timed_out = 124,     // a time limit ran out
  exit_interrupted = 130,   // SIGINT or SIGTERM
};

// Says whose fault an error is, and so which exit code it leads to.
enum class ErrorKind {
  user,            // wrong usage or input: exit code 2
  infrastructure,  // the machinery around the guest failed: exit code 3
  timed_out,       // a time limit of the machinery ran out: exit code 124
  interrupted,     // the user asked to stop: exit code 130
};

ExitCode exit_code(ErrorKind kind);

// Returns the worse of two exit codes. Their order from best to worst is 0, 1, 4, 5, 124, 2, 3,
// 130: a missing measurement outweighs what the guest did, and that outweighs a difference in
// numbers. Any other number, as of a program that crashed, counts as exit_infrastructure.
ExitCode worse(int one, int other);

// Is a failure with its cause (`what`) and, where known, the command or change that fixes it
// (`hint`, may be empty, without the word "hint"). main prints it, once.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& what, std::string hint = {})
      : std::runtime_error(what), kind_(kind), hint_(std::move(hint)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

// These make errors of the two common kinds.
Error user_error(const std::string& what, std::string hint = {});
Error infrastructure_error(const std::string& what, std::string hint = {});

// Returns the infrastructure error "operation 'object': strerror(error_number)".
Error errno_error(const std::string& operation, const std::string& object, int error_number);

}  // namespace lab::base
