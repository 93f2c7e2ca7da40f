// SPDX-License-Identifier: MIT
// Starts another program; process/subprocess and process/piped_process wait for it and end it.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::base {

struct ChildOptions {
  bool input = false;  // a pipe as its standard input, else /dev/null
  // The signal that the kernel sends it when the thread that started it ends. unshare blocks
  // SIGTERM while it waits, so nothing less than SIGKILL would end a contained command.
  int death_signal = SIGKILL;
};

struct Child {
  pid_t pid = -1;
  Fd input;           // empty without ChildOptions::input
  Fd output, errors;  // read ends
};

// Starts the command in a process group of its own, whose number is the child's process ID. Throws
// an infrastructure error where it cannot be started.
Child start_child(const Command& command, const ChildOptions& options = {});

// Returns whether the process has ended, whether or not it was waited for.
bool has_ended(pid_t pid);

}  // namespace lab::base
