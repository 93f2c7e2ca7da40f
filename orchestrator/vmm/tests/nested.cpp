// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/nested_guest.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

void expect_counts(const HostView& view, std::uint64_t cpuids, std::uint64_t halts,
                   Report& report) {
  const auto expect = [&](const char* what, std::uint32_t number, const char* key,
                          std::uint64_t wanted) {
    report.expect(view.of(number, key) == wanted,
                  fmt::format("host: {} {}={}, not {}", what, key, view.of(number, key), wanted));
  };
  expect("CPUID", VMM_EXIT_CPUID, "exits", cpuids);
  expect("CPUID", VMM_EXIT_CPUID, "nested", cpuids);
  expect("HLT", VMM_EXIT_HLT, "exits", halts);
  expect("HLT", VMM_EXIT_HLT, "nested", halts);
  expect("VMRUN", VMM_EXIT_VMRUN, "exits", cpuids + halts);
  expect("VMRUN", VMM_EXIT_VMRUN, "nested", 0);
  expect("IOIO", io_number(exits::Vendor::svm), "exits", 1);
  expect("IOIO", io_number(exits::Vendor::svm), "nested", 0);
  report.expect(view.sum("nested") >= cpuids + halts, "host: too few nested exits");
}

}  // namespace

Report test_nested(std::uint64_t exits) {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  NestedGuest guest;
  const NestedGuest::Seen seen = guest.run(exits);
  report.expect(seen.ended_by == 0,
                fmt::format("the guest's guest ended with exit {:#x}", seen.ended_by));
  report.expect(seen.cpuids + seen.halts == exits, "the guest did not see all exits of its guest");
  const HostView view = read_host_view(guest.machine().folder());
  expect_consistent(view, report);
  expect_counts(view, seen.cpuids, seen.halts, report);
  report.say(
      fmt::format("the guest saw {} CPUID and {} HLT exits of its guest", seen.cpuids, seen.halts));
  for (const auto& [number, fields] : view.reasons)
    report.say(fmt::format("reason {:#x}: {} exits, {} of them nested", number,
                           view.of(number, "exits"), view.of(number, "nested")));
  return report;
}

}  // namespace lab::vmm
