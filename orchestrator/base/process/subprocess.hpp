// SPDX-License-Identifier: MIT
// Runs other programs with a time limit, bounded output, and no shell in between.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lab::base {

struct Command {
  std::vector<std::string> argv;                   // argv[0] is looked up in PATH
  std::map<std::string, std::string> environment;  // added to lab's own
  std::filesystem::path folder;                    // working directory; empty: lab's own
  std::chrono::milliseconds limit{std::chrono::minutes(30)};
  std::function<void(const std::string&)> on_line;  // each line of standard error as it comes
  std::size_t keep = 1u << 20;                      // bytes kept of each stream (the last ones)
  // As root, where it may make namespaces: runs it in PID and mount namespaces of its own, so that
  // no process or mount outlives it, even after kill -9 of lab. Meant for scripts that start many
  // programs.
  bool contained = false;
  // Where lab is interrupted or dies, only the program gets SIGTERM, and run() waits for its end.
  bool cleans_up = false;
};

struct Outcome {
  int exit_code = -1;      // -1 where a signal ended it
  int signal = 0;          // the signal that ended it, or 0
  bool timed_out = false;  // lab ended it after `limit`
  std::string output;      // standard output, at most `keep` bytes
  std::string errors;      // standard error, at most `keep` bytes
};

// Runs a command to its end in a process group of its own. Kills the whole group at the time limit
// and, unless the command cleans up, when lab is interrupted (then it throws Error (interrupted))
// or dies. Throws an infrastructure error where the program cannot be started; a non-zero exit is
// in the outcome.
Outcome run(const Command& command);

// Runs the command as run() does and returns its standard output. On a failure throws an
// infrastructure error with the command and the last lines of its standard error.
std::string run_checked(const Command& command);

// Runs a program beside lab. Its whole group is killed at this object's end and when lab dies.
// Ignores Command's limit, on_line, contained and cleans_up.
class Process {
 public:
  // Throws an infrastructure error where it cannot start.
  explicit Process(const Command& command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  // Returns whether it still runs. Also reads its output, so call it often.
  bool running();
  pid_t pid() const;
  // Returns the last `keep` bytes of its two streams together.
  const std::string& output() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lab::base
