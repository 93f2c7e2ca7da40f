// SPDX-License-Identifier: MIT
#include "orchestrator/inside/machine/machine_clock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include <cerrno>
#include <cmath>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::inside {
namespace {

constexpr const char* device = "/dev/rtc0";

int read_second(const base::Fd& clock) {
  rtc_time now{};
  if (::ioctl(clock.get(), RTC_RD_TIME, &now) != 0) throw base::errno_error("read", device, errno);
  return now.tm_sec;
}

// Waits until the clock shows another second.
void wait_for_tick(const base::Fd& clock) {
  const base::Stopwatch watch;
  for (const int before = read_second(clock); read_second(clock) == before;) {
    if (watch.seconds() > 10)
      throw base::infrastructure_error(
          "the machine's real-time clock stood still for 10 s of its kernel's time");
    base::sleep_interruptibly(0.002);
  }
}

}  // namespace

ClockSpeed measure_clock() {
  const base::Fd clock(::open(device, O_RDONLY | O_CLOEXEC));
  if (!clock) throw base::errno_error("open", device, errno);
  wait_for_tick(clock);
  const base::Stopwatch watch;
  const auto first = __rdtsc();
  wait_for_tick(clock);
  return {.tsc_mhz = static_cast<double>(__rdtsc() - first) / 1e6, .monotonic = watch.seconds()};
}

void check_clock(const ClockSpeed& speed) {
  constexpr double tolerance = 0.05;
  if (std::abs(speed.monotonic - 1) > tolerance)
    throw base::infrastructure_error(
        fmt::format("the outer VM's time is wrong: a second of its real-time clock takes {:.3f} s "
                    "of its kernel's (TSC at {:.1f} MHz); its guests' timer interrupts would be no "
                    "machine's",
                    speed.monotonic, speed.tsc_mhz),
        "another kvm.processor; haswell names no frequency of its own");
}

}  // namespace lab::inside
