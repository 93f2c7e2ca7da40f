// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

// Both vendors refuse to enter a code segment that is both 64-bit and 32-bit (APM vol. 2, 15.5.1;
// SDM vol. 3, 27.3.1.2), and KVM does not check it.
void make_invalid(Vcpu& vcpu, bool invalid) {
  kvm_sregs sregs = vcpu.sregs();
  sregs.cs.db = invalid ? 1 : 0;
  vcpu.set_sregs(sregs);
}

std::uint32_t failure_number(exits::Vendor vendor) {
  return vendor == exits::Vendor::svm ? 0xffffffff : 33;
}

// Tries one run that must fail. Returns false where the processor let it through.
bool enter_in_vain(Machine& machine, Report& report) {
  Vcpu& vcpu = machine.vcpu(0);
  vcpu.prepare(vmm_repeat, Level::kernel, 1, 1);
  make_invalid(vcpu, true);
  const std::uint32_t reason = vcpu.enter();
  make_invalid(vcpu, false);
  report.expect(reason == KVM_EXIT_FAIL_ENTRY,
                fmt::format("the entry ended with KVM's exit reason {}, not {}", reason,
                            KVM_EXIT_FAIL_ENTRY));
  return reason == KVM_EXIT_FAIL_ENTRY;
}

}  // namespace

Report test_failed(unsigned times) {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  const std::uint32_t number = failure_number(loaded.vendor);
  Machine machine(1);
  machine.vcpu(0).set_cpuid(small_cpuid(Processor::amd));
  for (unsigned i = 0; i < times; ++i)
    if (!enter_in_vain(machine, report)) return report;
  report.say(fmt::format("{} entries failed, hardware says {:#x}", times,
                         machine.vcpu(0).state().fail_entry.hardware_entry_failure_reason));
  std::vector<Query> queries{{.in = {loaded.leaf(exits::Answer::count), 0, number, 0}}};
  machine.ask(0, Level::kernel, queries);
  if (loaded.answers())
    report.expect(queries[0].out[0] == times,
                  fmt::format("c({:#x}) is {} in the guest", number, queries[0].out[0]));
  const HostView view = read_host_view(machine.folder());
  expect_consistent(view, report);
  const std::uint64_t failed =
      view.total.count("failed_entries") != 0 ? view.total.at("failed_entries") : 0;
  report.expect(failed == times, fmt::format("host: failed_entries={}, not {}", failed, times));
  report.expect(view.of(number, "exits") == times,
                fmt::format("host: reason {:#x} {} times", number, view.of(number, "exits")));
  return report;
}

}  // namespace lab::vmm
