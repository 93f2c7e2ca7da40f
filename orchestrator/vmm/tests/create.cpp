// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

// SLUB counts objects on a processor's own list as in use.
constexpr std::int64_t allowed_vcpus = 8;
constexpr std::int64_t allowed_kib = 8 << 10;  // the rest of the system may take it meanwhile

struct Memory {
  std::int64_t vcpus = 0;          // objects of the slab kvm_vcpu in use
  std::int64_t slab_kib = 0;       // SUnreclaim of /proc/meminfo
  std::int64_t available_kib = 0;  // MemAvailable
  std::int64_t vmalloc_kib = 0;    // VmallocUsed: includes modules
  std::int64_t module_bytes = 0;   // kvm of /proc/modules
};

// Returns the number in the line of the file that begins with this word. Throws an infrastructure
// error where there is none.
std::int64_t number_in(const char* file, const std::string& start) {
  const std::string line = base::read_line(file, start + " ");
  std::string_view rest = line;
  if (const auto number = base::parse_number<std::int64_t>(base::take_word(rest))) return *number;
  throw base::infrastructure_error(std::string(file) + " has no line '" + start + "'");
}

Memory memory_now() {
  return {.vcpus = number_in("/proc/slabinfo", "kvm_vcpu"),
          .slab_kib = number_in("/proc/meminfo", "SUnreclaim:"),
          .available_kib = number_in("/proc/meminfo", "MemAvailable:"),
          .vmalloc_kib = number_in("/proc/meminfo", "VmallocUsed:"),
          .module_bytes = number_in("/proc/modules", "kvm")};
}

std::string in_words(const Memory& memory) {
  return fmt::format(
      "kvm_vcpu objects {}, unreclaimable slab {} KiB, vmalloc {} KiB, available {} KiB, kvm {} "
      "bytes",
      memory.vcpus, memory.slab_kib, memory.vmalloc_kib, memory.available_kib, memory.module_bytes);
}

void one_life(const Loaded& loaded, Report& report) {
  Machine machine(2);
  std::vector<Query> queries(3);
  for (unsigned vcpu = 0; vcpu < machine.vcpus(); ++vcpu) {
    machine.vcpu(vcpu).set_cpuid(small_cpuid(Processor::amd));
    for (Query& query : queries) query = {.in = {loaded.leaf(exits::Answer::count), 0, 0, 0}};
    machine.ask(vcpu, Level::kernel, queries);
  }
  if (!loaded.counts) return;
  const HostView view = read_host_view(machine.folder());
  const std::uint64_t asked = queries.size() * machine.vcpus();
  const std::uint64_t counted = view.of(exits::cpuid_number(loaded.vendor), "exits");
  report.expect(counted == asked + loaded.preset * machine.vcpus(),
                fmt::format("a new VM counts {} CPUID exits, not {}", counted, asked));
}

// Waits, as the kernel frees some of a VM later.
Memory memory_at_rest(std::int64_t vcpus) {
  const base::Stopwatch watch;
  Memory memory = memory_now();
  while (memory.vcpus > vcpus && watch.seconds() < 5) {
    base::sleep_interruptibly(0.2);
    memory = memory_now();
  }
  return memory;
}

void expect_no_leak(const Memory& before, const Memory& after, Report& report) {
  report.say("before: " + in_words(before));
  report.say("after:  " + in_words(after));
  report.expect(after.vcpus <= before.vcpus + allowed_vcpus, "vCPUs are left in the slab kvm_vcpu");
  report.expect(after.slab_kib <= before.slab_kib + allowed_kib, "the slab grew");
  report.expect(after.vmalloc_kib <= before.vmalloc_kib + allowed_kib, "vmalloc memory grew");
  report.expect(after.available_kib + 4 * allowed_kib >= before.available_kib,
                "available memory shrank");
  report.expect(after.module_bytes == before.module_bytes, "the module grew");
}

// Loads another layout each time, so that each load is a swap.
void load(kvm::ModuleSwap& swap, const std::filesystem::path& modules, unsigned nth) {
  swap.load(modules, {{"exit_layout", nth % 2 == 0 ? "ascending" : "descending"}});
}

}  // namespace

Report test_create(unsigned times) {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  for (unsigned i = 0; i < 20; ++i) one_life(loaded, report);  // fills the kernel's caches once
  const Memory before = memory_at_rest(allowed_vcpus);
  for (unsigned i = 0; i < times; ++i) {
    one_life(loaded, report);
    base::throw_if_interrupted();
  }
  report.say(fmt::format("{} VMs with 2 vCPUs made, run and ended", times));
  expect_no_leak(before, memory_at_rest(before.vcpus + allowed_vcpus), report);
  return report;
}

Report test_reload(unsigned times, const std::filesystem::path& modules,
                   const std::filesystem::path& runtime) {
  Report report;
  kvm::ModuleSwap swap(runtime);
  for (unsigned i = 0; i < 4; ++i) load(swap, modules, i);
  const Memory before = memory_now();
  for (unsigned i = 0; i < times; ++i) {
    load(swap, modules, i);
    one_life(loaded_module(), report);
    base::throw_if_interrupted();
  }
  if (times % 2 != 0) load(swap, modules, 1);
  report.say(fmt::format("{} times unloaded and loaded, with a VM each time", times));
  expect_no_leak(before, memory_at_rest(before.vcpus + allowed_vcpus), report);
  swap.keep();
  return report;
}

}  // namespace lab::vmm
