// SPDX-License-Identifier: MIT
#include "orchestrator/outer/machine/back_end.hpp"

#include <poll.h>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::outer {

void wait_for_words(OuterMachine& machine, double patience) {
  const base::Stopwatch watch;
  pollfd words{machine.stream.get(), POLLIN, 0};
  while (::poll(&words, 1, 250) <= 0) {
    base::throw_if_interrupted();
    if (!machine.running() || watch.seconds() > patience)
      throw base::infrastructure_error("the restored outer VM does not go on. " +
                                       machine.last_words());
  }
}

const BackEnd& back_end(const Site& site) {
  return site.machine == Site::Machine::bochs ? bochs_back_end() : libvirt_back_end();
}

}  // namespace lab::outer
