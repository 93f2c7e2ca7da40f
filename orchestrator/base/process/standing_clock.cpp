// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/standing_clock.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/io.h>

namespace lab::base {
namespace {

constexpr unsigned short port = 0x8901;
constexpr unsigned char stand = '0', go = '1', skip = '2';

thread_local bool stands = false;
// The clock's state while it does not stand for this thread: a machine may skip all work.
thread_local unsigned char otherwise = go;

void set_clock(unsigned char how) {
  ::outb(how, port);
  stands = how == stand;
}

// Reads the port: `stand` also where the clock skips. A port without a device reads as all ones.
unsigned char read_clock() {
  return ::ioperm(port, 1, 1) == 0 ? ::inb(port) : 0xff;
}

void set_scheduler(int policy, int priority) {
  const sched_param parameters{priority};
  ::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters);
}

}  // namespace

StandingClock::StandingClock(bool asked) {
  if (!asked) return;
  const unsigned char now = read_clock();
  if (now != go && now != stand) return;
  otherwise = now == stand ? skip : go;
  set_scheduler(SCHED_FIFO, 1);
  set_clock(stand);
}

StandingClock::~StandingClock() {
  if (!stands) return;
  set_clock(otherwise);
  set_scheduler(SCHED_OTHER, 0);
}

GoingClock::GoingClock() : stood_(stands) {
  if (stood_) set_clock(go);
}

GoingClock::~GoingClock() {
  if (stood_) set_clock(stand);
}

SkippingClock::SkippingClock() : stood_(stands) {
  if (stood_) set_clock(otherwise);
}

SkippingClock::~SkippingClock() {
  if (stood_) set_clock(stand);
}

}  // namespace lab::base

// Replaces the C library's poll() in all of this program: libvirt waits by it, too, in the middle
// of calls that otherwise work.
extern "C" int poll(pollfd* descriptors, nfds_t count, int milliseconds) {
  const lab::base::GoingClock waiting;
  const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1000000L};
  return ::ppoll(descriptors, count, milliseconds < 0 ? nullptr : &limit, nullptr);
}
