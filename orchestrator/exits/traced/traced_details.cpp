// SPDX-License-Identifier: MIT
#include "orchestrator/exits/traced/traced_details.hpp"

#include <algorithm>
#include <utility>

#include "orchestrator/exits/traced/detail_comparison.hpp"

namespace lab::exits {
namespace {

using Events = TracedDetails::Events;

constexpr std::uint64_t string_io = 1ull << 25;

Numbers number_range(std::uint32_t first, std::uint32_t last, Numbers more = {}) {
  for (std::uint32_t number = first; number <= last; ++number) more.insert(number);
  return more;
}

// The emulation calls kvm_pio once for each access to the port: at an OUT when KVM begins it, at an
// IN when its value is there. An INS reads ahead up to a page in one access (or fails before it); a
// repeated OUTS makes one access for each of its up to 1024 elements an exit. So a string
// instruction gives no upper bound, and no lower one either, as it may fault before.
Check check_pio(const CausedDetails& caused, const Events& traced) {
  constexpr std::uint64_t string_bits = 3ull << 25;
  const Numbers numbers{caused.vendor == Vendor::svm ? 0x7bu : 30u};
  const auto add = [](Expected& expected, const CauseKey& key, std::uint64_t exits) {
    Bounds& bounds = expected.details[key.detail & ~string_bits];
    if ((key.detail & string_io) != 0)
      widen(bounds, 0, unbounded_events);
    else
      widen(bounds, least_exits(key, exits), exits);
  };
  return compare_events("io causes = tracepoint kvm_pio", "kvm:kvm_pio",
                        expect(caused, numbers, add), traced);
}

// KVM calls kvm_msr where it has read or written the MSR or injects #GP for it, and in the fastpath
// of writes (x2APIC's ICR, the TSC deadline) where that handled it: once for each exit, on both
// vendors.
Check check_msr(const CausedDetails& caused, const Events& traced) {
  const Numbers numbers = caused.vendor == Vendor::svm ? Numbers{0x7c} : Numbers{31, 32};
  const auto add = [](Expected& expected, const CauseKey& key, std::uint64_t exits) {
    widen(expected.details[key.detail], least_exits(key, exits), exits);
  };
  return compare_events("msr causes = tracepoint kvm_msr", "kvm:kvm_msr",
                        expect(caused, numbers, add), traced);
}

// Returns whether the leaf's answer depends on ecx: SDM vol. 2, CPUID; APM vol. 3, appendix E.
bool has_subleaves(std::uint32_t leaf) {
  static const Numbers leaves =
      number_range(0x1d, 0x20,
                   {0x4, 0x7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1b, 0x23, 0x24,
                    0x8000001d, 0x80000020, 0x80000026});
  return leaves.contains(leaf);
}

std::uint64_t cpuid_detail(std::uint64_t traced) {
  constexpr std::uint64_t subleaf_last = 64;
  const auto leaf = static_cast<std::uint32_t>(traced);
  return has_subleaves(leaf) ? leaf | std::min(traced >> 32, subleaf_last) << 32 : leaf;
}

// Counts the exits for which KVM emulates an instruction that may be a string instruction, in code
// with 32-bit addresses.
std::uint64_t strings_in_32_bits(const CausedDetails& caused) {
  const std::uint32_t io = caused.vendor == Vendor::svm ? 0x7b : 30;
  const Numbers memory = caused.vendor == Vendor::svm ? Numbers{0x400} : Numbers{48, 49};
  std::uint64_t sum = 0;
  for (const auto& [key, count] : caused.causes.causes) {
    const bool wide = mode(key) == Mode::protected_32 || mode(key) == Mode::compatibility;
    const std::uint64_t memory_class = key.detail >> 56 & 7;  // 2 read-only, 3 a device
    const bool may_be =
        key.number == io ? (key.detail & string_io) != 0
                         : memory.contains(key.number) && (memory_class == 2 || memory_class == 3);
    if (wide && may_be) sum += count.exits;
  }
  return sum;
}

// KVM calls kvm_cpuid at the end of a look-up in the guest's table. lab's own leaves are answered
// before and not traced, unless exit_leaves passes some on to the table. KVM's emulator looks up,
// too: where the count of a repeated string instruction with 32-bit addresses becomes zero, it
// reads the vendor (leaf 0) to act as that vendor's processors do, as in SeaBIOS.
Check check_cpuid(const CausedDetails& caused, const Events& traced) {
  const Numbers numbers{caused.vendor == Vendor::svm ? 0x72u : 10u};
  const auto add = [&](Expected& expected, const CauseKey& key, std::uint64_t exits) {
    Bounds& bounds = expected.details[key.detail];
    if (find_answer(caused.layout, static_cast<std::uint32_t>(key.detail)) == Answer::none)
      widen(bounds, least_exits(key, exits), exits);
    else
      widen(bounds, 0, caused.leaves_answer ? 0 : exits);
  };
  Expected expected = expect(caused, numbers, add);
  widen(expected.details[0], 0, strings_in_32_bits(caused));
  Events details;
  for (const auto& [leaf, events] : traced) details[cpuid_detail(leaf)] += events;
  return compare_events("cpuid causes = tracepoint kvm_cpuid", "kvm:kvm_cpuid", std::move(expected),
                        details);
}

// KVM calls kvm_cr where it knows the register that a MOV moves. On SVM the processor must report
// it (decode assists). Without them, and for LMSW and CLTS, which exit as writes of CR0, KVM
// emulates the instruction and does not trace it. On VMX only CLTS is not traced.
Check check_cr(const CausedDetails& caused, const TracedDetails& traced) {
  constexpr std::uint64_t cr0_write = 1 << 8, clts = 1 << 9, way = 3 << 9;
  const bool svm = caused.vendor == Vendor::svm;
  const Numbers numbers = svm ? number_range(0, 0x1f, {0x65}) : Numbers{28};
  const auto add = [&](Expected& expected, const CauseKey& key, std::uint64_t exits) {
    Bounds& bounds = expected.details[key.detail & ~way];
    if (svm && !traced.has_decode_assists) return;
    const bool doubtful = svm ? key.detail == cr0_write : (key.detail & way) == clts;
    widen(bounds, doubtful ? 0 : least_exits(key, exits), exits);
  };
  return compare_events("cr causes = tracepoint kvm_cr", "kvm:kvm_cr", expect(caused, numbers, add),
                        traced.cr);
}

}  // namespace

std::vector<Check> check_details(const CausedDetails& caused, const TracedDetails& traced) {
  return {check_pio(caused, traced.pio),     check_msr(caused, traced.msr),
          check_cpuid(caused, traced.cpuid), check_cr(caused, traced),
          check_memory(caused, traced),      check_mmio(caused, traced)};
}

}  // namespace lab::exits
