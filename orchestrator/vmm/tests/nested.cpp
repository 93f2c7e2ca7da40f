// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstring>

#include "orchestrator/base/error.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

constexpr std::uint64_t vmcb_offset = 0, save_area_offset = 0x1000;

// Offsets in a VMCB: AMD APM vol. 2 (24593), appendix B.
class Vmcb {
 public:
  explicit Vmcb(std::byte* bytes) : bytes_(bytes) {}

  template <typename Value>
  void put(std::size_t offset, Value value) {
    std::memcpy(bytes_ + offset, &value, sizeof(value));
  }

  void put_segment(std::size_t offset, const kvm_segment& segment) {
    put<std::uint16_t>(offset, segment.selector);
    put<std::uint16_t>(offset + 2, attributes(segment));
    put<std::uint32_t>(offset + 4, segment.limit);
    put<std::uint64_t>(offset + 8, segment.base);
  }

 private:
  static std::uint16_t attributes(const kvm_segment& s) {
    return static_cast<std::uint16_t>(s.type | s.s << 4 | s.dpl << 5 | s.present << 7 | s.avl << 8 |
                                      s.l << 9 | s.db << 10 | s.g << 11);
  }

  std::byte* bytes_;
};

// The guest's guest shares the guest's memory, page tables and segments.
void write_vmcb(Vmcb vmcb, const kvm_sregs& sregs) {
  constexpr std::uint32_t intercept_cpuid = 1u << 18, intercept_hlt = 1u << 24;
  constexpr std::uint32_t intercept_shutdown = 1u << 31, intercept_vmrun = 1;
  vmcb.put<std::uint32_t>(0x0c, intercept_cpuid | intercept_hlt | intercept_shutdown);
  vmcb.put<std::uint32_t>(0x10, intercept_vmrun);
  vmcb.put<std::uint32_t>(0x58, 1);  // address space
  vmcb.put_segment(0x400, sregs.es);
  vmcb.put_segment(0x410, sregs.cs);
  vmcb.put_segment(0x420, sregs.ss);
  vmcb.put_segment(0x430, sregs.ds);
  vmcb.put<std::uint64_t>(0x4d0, sregs.efer | VMM_EFER_SVME);
  vmcb.put<std::uint64_t>(0x548, sregs.cr4);
  vmcb.put<std::uint64_t>(0x550, sregs.cr3);
  vmcb.put<std::uint64_t>(0x558, sregs.cr0);
  vmcb.put<std::uint64_t>(0x560, 0x400);       // DR7
  vmcb.put<std::uint64_t>(0x568, 0xffff0ff0);  // DR6
  vmcb.put<std::uint64_t>(0x570, 2);           // RFLAGS
  vmcb.put<std::uint64_t>(VMM_VMCB_RIP, Machine::address_of(vmm_nested_guest));
}

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
  if (loaded.vendor != exits::Vendor::svm)
    throw base::user_error("a guest's own guests are tested under SVM only");
  Machine machine(1);
  Vcpu& vcpu = machine.vcpu(0);
  vcpu.set_cpuid(supported_cpuid());
  const std::uint64_t vmcb = Machine::data_begin + vmcb_offset;
  vcpu.prepare(vmm_nested, Level::kernel, exits, vmcb, Machine::data_begin + save_area_offset);
  write_vmcb(Vmcb(machine.data<std::byte>(vmcb_offset)), vcpu.sregs());
  vcpu.run();
  const kvm_regs regs = vcpu.regs();
  report.expect(regs.r11 == 0, fmt::format("the guest's guest ended with exit {:#x}", regs.r11));
  report.expect(regs.r9 + regs.r10 == exits, "the guest did not see all exits of its guest");
  const HostView view = read_host_view(machine.folder());
  expect_consistent(view, report);
  expect_counts(view, regs.r9, regs.r10, report);
  report.say(
      fmt::format("the guest saw {} CPUID and {} HLT exits of its guest", regs.r9, regs.r10));
  for (const auto& [number, fields] : view.reasons)
    report.say(fmt::format("reason {:#x}: {} exits, {} of them nested", number,
                           view.of(number, "exits"), view.of(number, "nested")));
  return report;
}

}  // namespace lab::vmm
