// SPDX-License-Identifier: MIT
// Starts another program; process/subprocess and process/piped_process say what becomes of it.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::base {

struct ChildOptions {
  bool input = false;  // a pipe as its standard input, else /dev/null
  // What the kernel sends it when the thread that started it ends. unshare blocks SIGTERM while it
  // waits, so nothing less than SIGKILL would end a contained command.
  int death_signal = SIGKILL;
};

struct Child {
  pid_t pid = -1;
  Fd input;           // empty without ChildOptions::input
  Fd output, errors;  // read ends
};

// In a process group of its own, whose number is the child's. Error (infrastructure) where it
// cannot be started.
Child start_child(const Command& command, const ChildOptions& options = {});

// Whether it is no more, waited for or not.
bool has_ended(pid_t pid);

}  // namespace lab::base
