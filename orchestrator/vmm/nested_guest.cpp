// SPDX-License-Identifier: MIT
#include "orchestrator/vmm/nested_guest.hpp"

#include <cstring>

#include "orchestrator/base/error.hpp"
#include "orchestrator/kvm/modules/modules.hpp"

namespace lab::vmm {
namespace {

constexpr std::uint64_t vmcb_offset = 0, save_area_offset = 0x1000;

// Writes a VMCB by the offsets in the AMD APM vol. 2 (24593), appendix B.
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
  vmcb.put<std::uint64_t>(VMM_VMCB_RIP, Machine::address(vmm_nested_guest));
}

}  // namespace

NestedGuest::NestedGuest() : machine_(1) {
  if (kvm::machine_vendor() != exits::Vendor::svm)
    throw base::user_error("a guest's own guests are tested under SVM only");
  machine_.vcpu(0).set_cpuid(supported_cpuid());
}

NestedGuest::Seen NestedGuest::run(std::uint64_t exits) {
  Vcpu& vcpu = machine_.vcpu(0);
  const std::uint64_t vmcb = Machine::data_begin + vmcb_offset;
  vcpu.prepare(vmm_nested, Level::kernel, exits, vmcb, Machine::data_begin + save_area_offset);
  write_vmcb(Vmcb(machine_.data<std::byte>(vmcb_offset)), vcpu.sregs());
  vcpu.run();
  const kvm_regs regs = vcpu.regs();
  return {.cpuids = regs.r9, .halts = regs.r10, .ended_by = regs.r11};
}

}  // namespace lab::vmm
