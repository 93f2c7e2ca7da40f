// SPDX-License-Identifier: MIT
#include "orchestrator/check/gate.hpp"

namespace lab::check {

std::string likely_cause(exits::Category category) {
  using exits::Category;
  switch (category) {
    case Category::io:
      return "a device more, or more output on the console (an exit a byte)";
    case Category::page_fault:
      return "shadow paging, smaller or more memory pages touched, or a device's registers (MMIO)";
    case Category::msr:
      return "the clock source, the timer's or the interrupt controller's mode (x2APIC, TSC)";
    case Category::cr_access:
      return "shadow paging, or more switches between processes";
    case Category::dr_access:
      return "a debugger or breakpoints in the guest";
    case Category::interrupt:
      return "timers or devices of the host, or a slower host (exits that come with time)";
    case Category::interrupt_window:
      return "more interrupts for the guest: a device, a timer";
    case Category::idle:
      return "more wake-ups of an idle guest: timers, tickless or not, halt polling";
    case Category::cpuid:
      return "a program or kernel in the guest that asks CPUID more often";
    case Category::exception:
      return "shadow paging, or exceptions that KVM intercepts";
    case Category::hypercall:
      return "paravirtual features (kvm-clock, PV IPIs, PV spinlocks)";
    case Category::tlb:
      return "more address space changes, with shadow paging above all";
    case Category::timer:
      return "the clock source, or the preemption timer";
    case Category::apic:
      return "the interrupt controller's mode: x2APIC off, APICv or AVIC off";
    case Category::descriptor:
      return "descriptor table exits: UMIP's emulation";
    case Category::nested:
      return "a hypervisor in the guest";
    case Category::instruction:
      return "an instruction that KVM began to intercept";
    case Category::failure:
      return "failed entries: a broken guest state";
    case Category::other:
      break;
  }
  return "";
}

}  // namespace lab::check
