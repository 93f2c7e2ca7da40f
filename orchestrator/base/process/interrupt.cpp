// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/interrupt.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/standing_clock.hpp"

namespace lab::base {
namespace {

volatile sig_atomic_t received = 0;

thread_local std::stop_token thread_stop;

// Holds the time of the first signal, in seconds. A terminal and a wrapper may both pass one on, so
// a signal soon after it does not count as a second one.
volatile sig_atomic_t received_at = 0;

sig_atomic_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<sig_atomic_t>(time.tv_sec);
}

// Makes only async-signal-safe calls.
void on_signal(int number) {
  if (received == 0) {
    received_at = now();
    received = number;
  } else if (now() - received_at > 1) {
    static constexpr char text[] =
        "\nlab: ended at once; the next lab clears what is left behind\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, sizeof(text) - 1);
    ::_exit(exit_interrupted);
  }
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;  // no SA_RESTART: waits end early
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
  return received != 0 || thread_stop.stop_requested();
}

void interrupt_thread_by(std::stop_token stop) {
  thread_stop = std::move(stop);
}

void throw_if_interrupted() {
  if (!interrupted()) return;
  const int number = received;
  if (number == 0) throw Error(ErrorKind::interrupted, "not needed any more");
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
    {
      const GoingClock waiting;
      ::nanosleep(&time, nullptr);
    }
    seconds -= piece;
  }
  throw_if_interrupted();
}

void sleep_until_interruptibly(std::chrono::steady_clock::time_point moment) {
  ::prctl(PR_SET_TIMERSLACK, 1);  // nanosecond, of this thread
  // libstdc++'s steady clock is CLOCK_MONOTONIC.
  const auto since_start = moment.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
  const timespec time{time_t(seconds.count()), long((since_start - seconds).count())};
  const GoingClock waiting;
  do {
    throw_if_interrupted();
  } while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR);
  throw_if_interrupted();
}

}  // namespace lab::base
