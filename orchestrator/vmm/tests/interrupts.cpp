// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <thread>

#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/machine.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

constexpr std::uint64_t lingering = 1000;  // instructions: longer than the way there

// Executes locked instructions on a misaligned operand (within a cache line, which no processor
// minds). QEMU stops all other processors for each of them.
std::uint64_t stop_others(const std::atomic<bool>& stop) {
  alignas(64) unsigned char line[64] = {};
  std::uint64_t times = 0;
  for (; !stop; ++times) asm volatile("lock incl (%0)" : : "r"(line + 3) : "memory", "cc");
  return times;
}

Report count_interrupts(const unsigned char* code, unsigned times) {
  Report report;
  report.say(loaded_module().in_words());
  Machine machine(1, Machine::Interrupts::apic);
  machine.vcpu(0).set_cpuid(supported_cpuid());
  auto& counted = *machine.data<std::uint64_t>(0);
  machine.vcpu(0).prepare(code, Level::kernel, times, Machine::data_begin, lingering);
  std::atomic<bool> stop = false;
  std::uint64_t stops = 0;
  {
    const std::jthread other([&] { stops = stop_others(stop); });
    const std::shared_ptr<void> stopper(nullptr, [&](void*) { stop = true; });
    machine.vcpu(0).run();
  }
  report.say(fmt::format("{} interrupts arrived, the other processor stopped all {} times", counted,
                         stops));
  report.expect(counted == times, fmt::format("{} interrupts arrived, not {}", counted, times));
  return report;
}

}  // namespace

Report test_interrupts(unsigned times) {
  return count_interrupts(vmm_once, times);
}

Report test_priority(unsigned times) {
  return count_interrupts(vmm_priority, times);
}

}  // namespace lab::vmm
