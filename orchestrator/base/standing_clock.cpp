// SPDX-License-Identifier: MIT
#include "orchestrator/base/standing_clock.hpp"

#include <sched.h>
#include <sys/io.h>

namespace lab::base {
namespace {

constexpr unsigned short port = 0x8901;
constexpr unsigned char stand = '0', go = '1';

thread_local bool stands = false;

void set_clock(unsigned char how) {
  ::outb(how, port);
  stands = how == stand;
}

// A port that is none reads as all ones.
bool has_port() {
  return ::ioperm(port, 1, 1) == 0 && ::inb(port) == go;
}

void set_scheduler(int policy, int priority) {
  const sched_param parameters{priority};
  ::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters);
}

}  // namespace

StandingClock::StandingClock(bool asked) {
  if (!asked || !has_port()) return;
  set_scheduler(SCHED_FIFO, 1);
  set_clock(stand);
}

StandingClock::~StandingClock() {
  if (!stands) return;
  set_clock(go);
  set_scheduler(SCHED_OTHER, 0);
}

GoingClock::GoingClock() : stood_(stands) {
  if (stood_) set_clock(go);
}

GoingClock::~GoingClock() {
  if (stood_) set_clock(stand);
}

}  // namespace lab::base
