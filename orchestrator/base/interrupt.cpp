// SPDX-License-Identifier: MIT
#include "orchestrator/base/interrupt.hpp"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <string>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace {

volatile sig_atomic_t received = 0;

void on_signal(int number) {
  received = number;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;  // no SA_RESTART: waits end early
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
  return received != 0;
}

void throw_if_interrupted() {
  if (!interrupted()) return;
  const int number = received;
  throw Error(ErrorKind::interrupted,
              std::string("stopped by ") + (number == SIGINT    ? "Ctrl-C (SIGINT)"
                                            : number == SIGTERM ? "SIGTERM"
                                                                : "SIGHUP"));
}

void sleep_interruptibly(double seconds) {
  while (seconds > 0) {
    throw_if_interrupted();
    const double piece = std::min(seconds, 0.1);
    const timespec time{0, static_cast<long>(piece * 1e9)};
    ::nanosleep(&time, nullptr);
    seconds -= piece;
  }
  throw_if_interrupted();
}

}  // namespace lab::base
