// SPDX-License-Identifier: MIT
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

const BackEnd& back_end(const Site& site) {
  return site.machine == Site::Machine::bochs ? bochs_back_end() : libvirt_back_end();
}

}  // namespace lab::outer
