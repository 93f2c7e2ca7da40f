// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/example.hpp"

#include <spdlog/fmt/fmt.h>

namespace lab::scenario {

std::string large_example() {
  std::string vcpus, memory;
  for (int i = 1; i <= 50; ++i) {
    vcpus += fmt::format("{}{}", i == 1 ? "" : ", ", i);
    memory += fmt::format("{}{} MiB", i == 1 ? "" : ", ", 64 * i);
  }
  return "version: 1\n"
         "name: large\n"
         "image: debian-12\n"
         "matrix:\n"
         "  paging: [nested, shadow]\n"
         "  guest.disk.bus: [virtio, scsi]\n"
         "  guest.vcpus: [" +
         vcpus +
         "]\n"
         "  guest.memory: [" +
         memory +
         "]\n"
         "  exclude: [{guest.vcpus: 1, guest.memory: 64 MiB, paging: shadow}]\n"
         "  include: [{guest.vcpus: 64, paging: nested}, {guest.vcpus: 64, paging: shadow}]\n"
         "steps:\n"
         "  - boot: {until: multi-user}\n"
         "  - run: {name: idle, command: sleep 10}\n"
         "  - run: {name: disk, command: dd if=/dev/zero of=/dev/null bs=1M count=10}\n"
         "expect:\n"
         "  - {step: boot, max: 5000000}\n"
         "  - {step: disk, category: io, min: 1, where: {guest.disk.bus: virtio}}\n"
         "  - {step: boot, of: {paging: shadow}, to: {paging: nested}, min: 1}\n";
}

}  // namespace lab::scenario
