// SPDX-License-Identifier: MIT
// Finds the causes of the changes in a comparison or a judgement, and guesses where none are known.
#include <algorithm>
#include <string>
#include <utility>

#include "orchestrator/check/gate.hpp"

namespace lab::check {
namespace {

bool belongs_to(const Row& row, const CauseChange& change) {
  if (change.step != row.step || change.guest != row.guest) return false;
  if (row.kind == Row::Kind::total) return true;
  return row.kind == Row::Kind::reason && change.number == row.number;
}

}  // namespace

void name_causes(Comparison& comparison, std::span<const record::Record> a,
                 std::span<const record::Record> b) {
  for (const auto& [before, after] : pair_steps(sum_causes(a), sum_causes(b)).pairs)
    for (CauseChange& change : cause_changes(before, after))
      if (change.change() != 0) comparison.causes.push_back(std::move(change));
}

std::vector<CauseChange> matching_changes(const Row& row, const std::vector<CauseChange>& changes) {
  std::vector<CauseChange> own;
  std::ranges::copy_if(changes, std::back_inserter(own),
                       [&](const CauseChange& change) { return belongs_to(row, change); });
  return own;
}

void name_causes(CellJudgement& judgement, std::span<const record::Record> a,
                 std::span<const record::Record> b) {
  name_causes(judgement.comparison, a, b);
  for (auto* findings : {&judgement.regressions, &judgement.improvements, &judgement.suspected,
                         &judgement.below_floor})
    for (Finding& finding : *findings)
      finding.changed = matching_changes(finding.row, judgement.comparison.causes);
}

std::string likely_cause(exits::Category category) {
  using exits::Category;
  constexpr std::pair<Category, const char*> causes[] = {
      {Category::io, "a device more, or more output on the console (an exit a byte)"},
      {Category::page_fault,
       "shadow paging, smaller or more memory pages touched, or a device's registers (MMIO)"},
      {Category::msr,
       "the clock source, the timer's or the interrupt controller's mode (x2APIC, TSC)"},
      {Category::cr_access, "shadow paging, or more switches between processes"},
      {Category::dr_access, "a debugger or breakpoints in the guest"},
      {Category::interrupt,
       "timers or devices of the host, or a slower host (exits that come with time)"},
      {Category::interrupt_window, "more interrupts for the guest: a device, a timer"},
      {Category::idle, "more wake-ups of an idle guest: timers, tickless or not, halt polling"},
      {Category::cpuid, "a program or kernel in the guest that asks CPUID more often"},
      {Category::exception, "shadow paging, or exceptions that KVM intercepts"},
      {Category::hypercall, "paravirtual features (kvm-clock, PV IPIs, PV spinlocks)"},
      {Category::tlb, "more address space changes, with shadow paging above all"},
      {Category::timer, "the clock source, or the preemption timer"},
      {Category::apic, "the interrupt controller's mode: x2APIC off, APICv or AVIC off"},
      {Category::descriptor, "descriptor table exits: UMIP's emulation"},
      {Category::nested, "a hypervisor in the guest"},
      {Category::instruction, "an instruction that KVM began to intercept"},
      {Category::failure, "failed entries: a broken guest state"}};
  for (const auto& [of, cause] : causes)
    if (of == category) return cause;
  return "";
}

}  // namespace lab::check
