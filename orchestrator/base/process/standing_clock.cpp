// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/standing_clock.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/io.h>

#include <cerrno>
#include <cstring>

#include "orchestrator/base/error.hpp"

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
  if (::ioperm(port, 1, 1) != 0)
    throw infrastructure_error(
        fmt::format("the machine's clock cannot be stopped: ioperm: {}", std::strerror(errno)),
        "a kernel of one's own needs CONFIG_X86_IOPL_IOPERM=y");
  return ::inb(port);
}

bool set_scheduler(int policy, int priority) {
  const sched_param parameters{priority};
  return ::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) == 0;
}

}  // namespace

StandingClock::StandingClock(bool asked) {
  if (!asked) return;
  const unsigned char now = read_clock();
  if (now != go && now != stand) return;
  otherwise = now == stand ? skip : go;
  if (!set_scheduler(SCHED_FIFO, 1))
    throw infrastructure_error(
        fmt::format("the machine's clock cannot be stopped: sched_setscheduler: {}",
                    std::strerror(errno)),
        "a kernel of one's own needs CONFIG_RT_GROUP_SCHED off");
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
