// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "orchestrator/exits/traced/detail_comparison.hpp"

namespace lab::exits {
namespace {

// Bits of a memory detail, as in kvm-patch/README.md.
constexpr std::uint64_t address_bits = (1ull << 52) - 1;
constexpr std::uint64_t region_bits = address_bits & ~((2ull << 20) - 1);
constexpr unsigned access_shift = 52;
constexpr std::uint64_t of_device = 1ull << 60;  // ours: the address is exact
enum Access : std::uint64_t { reads, writes, fetches, unknown_access };
enum class MemoryClass { ram_first, ram, read_only, device, nested };

MemoryClass memory_class(std::uint64_t detail) {
  return static_cast<MemoryClass>(detail >> 56 & 7);
}

std::uint64_t make_place(std::uint64_t address, std::uint64_t access) {
  return (address & address_bits) | access << access_shift;
}

std::uint64_t make_place(const CauseKey& key) {
  return key.detail & (address_bits | 3ull << access_shift);
}

std::uint64_t make_region(std::uint64_t place) {
  return place & (region_bits | 3ull << access_shift);
}

// Decodes SVM's error code (APM vol. 2, 15.25.6) or VMX's qualification (SDM vol. 3, table 28-7).
std::uint64_t traced_place(Vendor vendor, const std::array<std::uint64_t, 2>& fault) {
  const std::uint64_t fetch_bit = vendor == Vendor::svm ? 4 : 2;
  const std::uint64_t code = fault[1];
  return make_place(fault[0], (code & 2) != 0 ? writes : code >> fetch_bit & 1 ? fetches : reads);
}

const Numbers& memory_numbers(Vendor vendor) {
  static const Numbers svm{0x400}, vmx{48};
  return vendor == Vendor::svm ? svm : vmx;
}

bool has_number(const Causes& causes, const Numbers& numbers) {
  return std::ranges::any_of(
             causes.causes,
             [&](const auto& cause) { return numbers.contains(cause.first.number); }) ||
         std::ranges::any_of(causes.lost,
                             [&](const auto& lost) { return numbers.contains(lost.first); });
}

// Counts the exits of SVM at devices' pages, by place, that newer kernels do not trace as
// kvm_page_fault: 7.2 does not, 6.12 does.
struct Untraced {
  // Where the processor reports the next instruction at such an exit, KVM first passes a write to
  // an eventfd (kvm_fast_mmio).
  TracedDetails::Events eventfds;
  // Where EXITINTINFO has the type of an event being delivered, KVM returns to the guest, which
  // tries again. KVM does not check that field's bit "valid". A processor may leave the type of an
  // event there that was delivered before, as QEMU does after an exception.
  TracedDetails::Events tried_again;
};

Untraced untraced_events(Vendor vendor, const TracedDetails& traced) {
  Untraced untraced;
  if (vendor != Vendor::svm) return untraced;
  for (const auto& [address, count] : traced.fast_mmio)
    untraced.eventfds[make_place(address, writes)] += count;
  for (const auto& [fault, count] : traced.delivering)
    untraced.tried_again[traced_place(vendor, fault)] += count;
  return untraced;
}

std::uint64_t difference(std::uint64_t from, std::uint64_t what) {
  return from - std::min(from, what);
}

// Subtracts the events from the bounds of devices' details.
void leave_out(Expected& expected, const TracedDetails::Events& events) {
  for (const auto& [place, count] : events) {
    Bounds& bounds = expected.details[place | of_device];
    bounds = {difference(bounds.least, count), difference(bounds.most, count)};
  }
}

// With shadow paging every page fault of the guest is an exit. Its cause contains the error code
// but not the address, which is virtual.
Check check_shadow(const CausedDetails& caused, const TracedDetails& traced) {
  constexpr std::uint64_t page_fault = 14;
  const Numbers numbers{caused.vendor == Vendor::svm ? 0x4eu : 0u};
  const auto add = [](Expected& expected, const CauseKey& key, std::uint64_t exits) {
    if ((key.detail & 0xff) == page_fault)
      widen(expected.details[key.detail >> 32], least_exits(key, exits), exits);
  };
  TracedDetails::Events by_error;
  for (const auto& [fault, events] : traced.page_faults) by_error[fault[1] & 0xffffffff] += events;
  return compare_events("memory causes = tracepoint kvm_page_fault", "kvm:kvm_page_fault",
                        expect(caused, numbers, add), by_error);
}

}  // namespace

// KVM calls kvm_page_fault before it handles the fault, once for each nested page fault and EPT
// violation. The event has the exact address; a cause has a device's, but of RAM only the 2 MiB
// around it. Our causes show which places are devices': their events count for them first, all
// others for the region. Each kernel traces faults that are tried again always or never.
Check check_memory(const CausedDetails& caused, const TracedDetails& traced) {
  const Numbers& numbers = memory_numbers(caused.vendor);
  if (!has_number(caused.causes, numbers)) return check_shadow(caused, traced);
  TracedDetails::Events devices;
  const auto add = [&](Expected& expected, const CauseKey& key, std::uint64_t exits) {
    const bool device = memory_class(key.detail) == MemoryClass::device;
    if (device) devices[make_place(key)] += exits;
    widen(expected.details[device ? make_place(key) | of_device : make_region(make_place(key))],
          least_exits(key, exits), exits);
  };
  Expected expected = expect(caused, numbers, add);
  const Untraced untraced = untraced_events(caused.vendor, traced);
  leave_out(expected, untraced.eventfds);
  Expected without = expected;
  leave_out(without, untraced.tried_again);
  TracedDetails::Events events;
  for (const auto& [fault, count] : traced.page_faults)
    events[traced_place(caused.vendor, fault)] += count;
  TracedDetails::Events places;
  for (const auto& [place, count] : events) {
    const auto device = devices.find(place);
    const std::uint64_t taken = device == devices.end() ? 0 : std::min(device->second, count);
    if (taken > 0) places[place | of_device] += taken;
    if (count > taken) places[make_region(place)] += count - taken;
  }
  const std::string name = "memory causes = tracepoint kvm_page_fault";
  Check check = compare_events(name, "kvm:kvm_page_fault", std::move(without), places);
  return check.ok ? check : compare_events(name, "kvm:kvm_page_fault", std::move(expected), places);
}

// KVM calls kvm_mmio where the emulation of an instruction reads or writes a device: several times
// an exit (a string instruction, one that reads and writes, a value of more than 8 bytes), and also
// without a device's exit (APIC access exits, writes of read-only memory). An exit that is an
// eventfd's write is traced as kvm_fast_mmio instead. So each device's address must have at least
// one event an exit. The first touch of a device's page, which the error code shows (bit 3, SVM),
// may exit once more without an event, when its mapping changes, and so may a fault tried again.
Check check_mmio(const CausedDetails& caused, const TracedDetails& traced) {
  const bool svm = caused.vendor == Vendor::svm;
  TracedDetails::Events unmarked;
  for (const auto& [fault, events] : traced.page_faults)
    if (!svm || (fault[1] & 8) == 0) unmarked[traced_place(caused.vendor, fault)] += events;
  Expected expected;
  for (const auto& [key, count] : caused.causes.causes) {
    if (is_nested(key) || key.number != (svm ? 0x400u : 49u) ||
        memory_class(key.detail) != MemoryClass::device ||
        make_place(key) >> access_shift == fetches)
      continue;
    expected.details[make_place(key)].least += count.exits;
  }
  for (auto& [place, bounds] : expected.details) {
    const auto found = unmarked.find(place);
    if (found != unmarked.end()) bounds.least = difference(bounds.least, found->second);
  }
  for (const auto& [place, count] : untraced_events(caused.vendor, traced).tried_again) {
    Bounds& bounds = expected.details[place];
    bounds.least = difference(bounds.least, count);
  }
  expected.of_any = unbounded_events;
  TracedDetails::Events events;
  for (const auto& [access, count] : traced.mmio) {
    constexpr std::uint64_t unsatisfied = 0, write = 2;
    if (access[1] == unsatisfied) continue;  // the value's own event follows
    const std::uint64_t kind = !svm ? unknown_access : access[1] == write ? writes : reads;
    events[make_place(access[0], kind)] += count;
  }
  for (const auto& [address, count] : traced.fast_mmio)
    events[make_place(address, svm ? writes : unknown_access)] += count;
  return compare_events("device causes in tracepoint kvm_mmio", "kvm:kvm_mmio", std::move(expected),
                        events);
}

}  // namespace lab::exits
