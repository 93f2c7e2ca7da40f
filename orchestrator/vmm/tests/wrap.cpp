// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

using exits::Answer;

constexpr std::uint64_t wrap = 1ull << 32;
constexpr std::uint64_t most_exits = 100'000;
constexpr std::size_t queries_at_once = 1000;

// Reads T and c(CPUID) in turn, with the host's view around them.
class Wrapper {
 public:
  Wrapper(Machine& machine, const Loaded& loaded, Report& report)
      : machine_(machine), loaded_(loaded), report_(report) {}

  void run(unsigned vcpu) {
    const std::uint32_t cpuid = exits::cpuid_number(loaded_.vendor);
    std::vector<Query> queries(queries_at_once);
    for (std::size_t i = 0; i < queries_at_once; ++i)
      queries[i] = {
          .in = {i % 2 == 0 ? exits::total_leaf(loaded_.layout) : loaded_.leaf(Answer::count), 0,
                 cpuid, 0}};
    const HostView before = read_host_view(machine_.folder());
    machine_.ask(vcpu, Level::kernel, queries);
    const HostView after = read_host_view(machine_.folder());
    for (std::size_t i = 0; i < queries_at_once; ++i) {
      const bool total = i % 2 == 0;
      const std::uint64_t base = total ? before.total.at("exits") : before.of(cpuid, "exits");
      const std::uint64_t end = total ? after.total.at("exits") : base + i + 1;
      check(queries[i], base + i + 1, end, total);
    }
  }

  unsigned wraps() const { return wraps_; }

 private:
  // Checks that eax is the lower half of a number from `least` to `most`.
  void check(const Query& query, std::uint64_t least, std::uint64_t most, bool total) {
    const std::uint64_t beyond_least = (query.out[0] - least) % wrap;
    report_.expect(query.out[0] < wrap && beyond_least <= most - least,
                   fmt::format("{} reads {:#x}, not the lower half of {:#x} to {:#x}",
                               total ? "T" : "c(CPUID)", query.out[0], least, most));
    std::uint64_t& last = last_[total];
    if (query.out[0] < last) ++wraps_;
    last = query.out[0];
  }

  Machine& machine_;
  const Loaded& loaded_;
  Report& report_;
  std::uint64_t last_[2] = {};
  unsigned wraps_ = 0;
};

}  // namespace

Report test_wrap() {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  Machine machine(2);
  for (unsigned vcpu = 0; vcpu < machine.vcpus(); ++vcpu)
    machine.vcpu(vcpu).set_cpuid(small_cpuid(Processor::amd));
  const std::uint64_t start = loaded.preset * machine.vcpus();
  const std::uint64_t missing = wrap - start % wrap;
  if (loaded.preset == 0 || missing > most_exits || !loaded.answers())
    throw base::user_error("the modules are not loaded for this test",
                           "lab kvm load exit_preset=4294966296");
  const HostView fresh = read_host_view(machine.folder());
  expect_consistent(fresh, report);
  report.expect(fresh.exits == start,
                fmt::format("a new VM has {} exits, not {}", fresh.exits, start));
  Wrapper wrapper(machine, loaded, report);
  for (std::uint64_t done = 0; done < 2 * missing; done += 2 * queries_at_once)
    for (unsigned vcpu = 0; vcpu < machine.vcpus(); ++vcpu) wrapper.run(vcpu);
  const HostView view = read_host_view(machine.folder());
  expect_consistent(view, report);
  report.expect(wrapper.wraps() == 2,
                fmt::format("{} wraps seen, not 2 (T and c(CPUID))", wrapper.wraps()));
  report.expect(view.exits / wrap > start / wrap, "the host's side did not pass 2^32");
  report.say(fmt::format("from {:#x} to {:#x} on the host, {} wraps in the guest", start,
                         view.exits, wrapper.wraps()));
  return report;
}

}  // namespace lab::vmm
