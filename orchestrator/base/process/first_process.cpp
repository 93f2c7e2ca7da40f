// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/first_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace lab::base {
namespace {

// Reaps all processes that have ended; exits once the child is among them.
void collect(pid_t child) {
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (ended == child) ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

[[noreturn]] void be_init_of(pid_t child, const sigset_t& signals) {
  while (true) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&signals, &info);
    if (signal == SIGCHLD) collect(child);
    // The kernel sends a terminal's signals to the child as well, as it is in the same group.
    else if (signal > 0 && info.si_code != SI_KERNEL)
      ::kill(child, signal);
  }
}

}  // namespace

void leave_first_process() {
  if (::getpid() != 1) return;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child > 0) be_init_of(child, all);
  // The child continues here, and so does process 1 where it cannot fork.
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace lab::base
